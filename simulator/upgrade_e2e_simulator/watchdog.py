"""Writes to the log when the simulator's event loop stands still, and where."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import sys
import time
from dataclasses import dataclass, field
from typing import TextIO

__all__ = ["Watchdog"]

_log = logging.getLogger(__name__)
_LATE_S = 0.5


@dataclass(frozen=True)
class Watchdog:
    """One loop stands for a whole cluster, so a callback that blocks it freezes all of it.

    After `stuck_s` without a turn of the loop the stacks of all threads are written to `into`.
    """

    stuck_s: float = 3.0
    every_s: float = 0.25
    into: TextIO = field(default_factory=lambda: sys.stderr)

    async def run(self) -> None:
        """For ever."""
        try:
            while True:
                faulthandler.dump_traceback_later(self.stuck_s, file=self.into)
                before = time.monotonic()
                await asyncio.sleep(self.every_s)
                late_s = time.monotonic() - before - self.every_s
                if late_s > _LATE_S:
                    _log.warning("the event loop stood still for %.1f s", late_s)
        finally:
            faulthandler.cancel_dump_traceback_later()
