"""How the members of etcd fared: part of the record of a pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.format import NOTHING, duration, share
from upgrade_e2e.judge import Etcd, Views

__all__ = ["EtcdResult", "etcd_result_of"]

T = TypeVar("T")
_LEADS = "etcd_server_has_leader"


@dataclass(frozen=True)
class EtcdResult:
    """The figures of all members, the worst member's each; None where it is not known.

    `members` were asked, `rolled` of them were restarted, once per hop at most. `same` says whether
    all had the same keys at the end, `lost` how many acknowledged writes were gone.
    """

    members: int
    rolled: int | None = None
    leader_changes: int | None = None
    leaderless_s: float | None = None
    fsync_p99_s: float | None = None
    commit_p99_s: float | None = None
    round_trip_p99_s: float | None = None
    quota_share: float | None = None
    same: bool | None = None
    lost: int | None = None

    def __str__(self) -> str:
        """In one line, for summary and page."""
        trips = f", round trips {duration(self.round_trip_p99_s)}" if self.members > 1 else ""
        hold = {True: "all hold the same", False: "they do not hold the same", None: ""}[self.same]
        changes = NOTHING if self.leader_changes is None else self.leader_changes
        lost = "" if self.lost is None else f"{self.lost} acknowledged writes lost"
        parts = (
            f"{self.members} members" if self.members > 1 else "one member",
            f"{changes} changes of leader",
            f"longest {duration(self.leaderless_s)} without one",
            f"p99 of WAL fsync {duration(self.fsync_p99_s)}, commits "
            f"{duration(self.commit_p99_s)}{trips}",
            f"{share(self.quota_share)} of the quota",
            hold,
            lost,
        )
        return "; ".join(filter(None, parts))


def etcd_result_of(views: Views) -> EtcdResult | None:
    """What a pass shows of etcd; None where no observer asked its members."""
    readings = views.timeline.readings
    asked = [name for name in views.observers if name in readings and readings[name].of(_LEADS)]
    if not asked:
        return None
    etcd = Etcd(views.of(asked[0]))
    changes = _known(lambda: etcd.leader_changes)
    return EtcdResult(
        members=len(etcd.members),
        rolled=_known(lambda: etcd.rolled),
        leader_changes=None if changes is None else round(changes),
        leaderless_s=_worst(lambda: etcd.leaderless_s),
        fsync_p99_s=_worst(lambda: etcd.fsync_p99_s),
        commit_p99_s=_worst(lambda: etcd.commit_p99_s),
        round_trip_p99_s=_worst(lambda: etcd.round_trip_p99_s),
        quota_share=_worst(lambda: etcd.quota_share),
        same=_known(lambda: len(set(etcd.hashes.values())) == 1),
        lost=_known(lambda: etcd.lost),
    )


def _known(figure: Callable[[], T]) -> T | None:
    try:
        return figure()
    except Inconclusive:  # the report shows a dash
        return None


def _worst(figure: Callable[[], Mapping[str, float]]) -> float | None:
    """That of the worst member; None where its bound is not known, as JSON has no infinity."""
    found = _known(lambda: max(figure().values()))
    return None if found is None or math.isinf(found) else found
