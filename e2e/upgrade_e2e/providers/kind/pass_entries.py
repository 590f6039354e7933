"""What a pass makes outside of Kubernetes: in the ledger before it exists, deleted at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from upgrade_e2e.command import Runner
from upgrade_e2e.errors import E2eError
from upgrade_e2e.providers.kind.ledger import Entry, Ledger
from upgrade_e2e.providers.kind.remains import CLUSTER, FOLDER, JOINED_NODE, deleters

__all__ = ["PassEntries"]


@dataclass
class PassEntries:
    """The entries of one pass in the ledger."""

    ledger: Ledger
    host: Runner
    _entries: list[Entry] = field(default_factory=list)

    def claim(self, kind: str, name: str) -> None:
        """Write down what is about to be made; raises as `Ledger.claim`."""
        self._entries.append(self.ledger.claim(kind, name))

    def disown_cluster(self) -> None:
        """Take the cluster out of the ledger, so that neither this pass nor a sweep deletes it.

        A node that joined it stays with it. Of a cluster that is reused nothing is disowned: it is
        never deleted, and a node that joined it goes again.
        """
        made = any(one.kind == CLUSTER for one in self._entries)
        ours = [one for one in self._entries if made and one.kind in {CLUSTER, JOINED_NODE}]
        for entry in ours:
            self._release(entry)

    def delete_all(self, before_folder: Callable[[], None]) -> None:
        """Delete everything claimed; raises the first E2eError, having tried all.

        `before_folder` is called before a folder goes: something may still be written into it.
        What could not be deleted stays in the ledger.
        """
        failures: list[E2eError] = []
        for entry in tuple(self._entries):
            if entry.kind == FOLDER:
                before_folder()
            try:
                deleters(self.host)[entry.kind](entry.name)
            except E2eError as error:
                failures.append(error)
            else:
                self._release(entry)
        if failures:
            raise failures[0]

    def _release(self, entry: Entry) -> None:
        self.ledger.release(entry)
        self._entries.remove(entry)
