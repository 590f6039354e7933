"""Success is a state that is read back: what the step `verify` waits for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from upgrade_e2e.errors import DeadlinePassed
from upgrade_e2e.upgrade.inventory import Inventory
from upgrade_e2e.version import KubeVersion
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["Verified", "read_back"]


@dataclass
class Verified:
    """What `verify` has read back, so that what is inspected after it need not be read again."""

    inventory: Inventory | None = None

    def read_back(
        self,
        read: Callable[[], Inventory],
        target: KubeVersion,
        deadline: Deadline,
        transient: tuple[type[Exception], ...] = (),
    ) -> None:
        """As the function `read_back`, and keep the reading; raises as it does."""
        self.inventory = read_back(read, target, deadline, transient)

    def or_read(self, read: Callable[[], Inventory]) -> Inventory:
        """What was read back; read now when `verify` has not run or came to no answer."""
        return self.inventory if self.inventory is not None else read()


def read_back(
    read: Callable[[], Inventory],
    target: KubeVersion,
    deadline: Deadline,
    transient: tuple[type[Exception], ...] = (),
) -> Inventory:
    """Read until there are no complaints that may go away, and return the last reading.

    Raises DeadlinePassed with the complaints when the upgrade is still not complete at the
    deadline. What is only unsettled by then, such as a stuck pod, raises nothing: it is in
    the reading, and the claim about it is what fails. So is an addon that appeared, at once.
    """
    last: list[Inventory] = []

    def complaints() -> tuple[str, ...]:
        last[:] = []
        last.append(read())
        return last[0].may_pass

    try:
        wait_for(
            f"every part of the cluster at {target}",
            complaints,
            lambda left: not left,
            deadline,
            transient=transient,
        )
    except DeadlinePassed:
        if not last or last[0].unfinished:
            raise
    return last[0]
