"""Looking at what a drain waits for, next to the drain itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from upgrade_e2e.cluster.api import TRANSIENT_API_ERRORS
from upgrade_e2e.cluster.evictions import Holdup, read_holdups
from upgrade_e2e.cluster.handle import Cluster

__all__ = ["DrainWatch"]

LOOK_S = 2.0
ANSWER_S = 5.0


@dataclass
class DrainWatch:
    """Looks at what a drain waits for, next to it, and notes it with `note`.

    A question that is not answered leaves what was `seen` before.
    """

    cluster: Cluster
    node: str
    allowed_s: float
    note: Callable[[str], None]
    seen: tuple[Holdup, ...] = ()
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="drain", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(timeout=3 * ANSWER_S)

    def look(self) -> None:
        """Look once."""
        try:
            seen = read_holdups(self.cluster, self.node, self.allowed_s, ANSWER_S)
        except TRANSIENT_API_ERRORS:
            return
        self.seen = seen
        if seen and not self._over.is_set():
            more = f", and {len(seen) - 1} more" if len(seen) > 1 else ""
            self.note(f"waits for {seen[0].waiting_line}{more}")

    def _run(self) -> None:
        while not self._over.wait(LOOK_S):
            self.look()
