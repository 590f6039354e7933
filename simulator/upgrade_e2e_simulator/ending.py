"""Ending asyncio tasks without mistaking their end for our own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

__all__ = ["end_tasks", "report_crash"]

_log = logging.getLogger(__name__)


def report_crash(task: asyncio.Task[Any]) -> None:
    """As a done callback: log what a task that should run for ever has ended with."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("%s crashed", task.get_name(), exc_info=error)


async def end_tasks(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel them and wait until all have ended, whatever they end with.

    A plain `await task` behind `suppress(CancelledError)` would also swallow the cancellation of
    the one who waits.
    """
    own = asyncio.current_task()
    ending = {task for task in tasks if task is not own}
    for task in ending:
        task.cancel()
    if ending:
        await asyncio.wait(ending)
