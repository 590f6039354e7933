"""Judging: from what was observed to what can be claimed. Pure: nothing in here acts or waits."""

from upgrade_e2e.judge.backups import BackupsSeen, claimable_backups, view_of_backups
from upgrade_e2e.judge.brownouts import Brownout
from upgrade_e2e.judge.counts import Tally
from upgrade_e2e.judge.etcd import Etcd
from upgrade_e2e.judge.explanation import sentence
from upgrade_e2e.judge.latency import LowerBound, Quantile
from upgrade_e2e.judge.left_out import cost_sentence
from upgrade_e2e.judge.limits import Limit, Limits
from upgrade_e2e.judge.node_runtime import NodeRuntime
from upgrade_e2e.judge.outage import Outage
from upgrade_e2e.judge.retries import Retried
from upgrade_e2e.judge.runtimes import Runtimes
from upgrade_e2e.judge.seen import Seen
from upgrade_e2e.judge.steps import Cause
from upgrade_e2e.judge.verdict import Verdict, combine
from upgrade_e2e.judge.views import Views, blindness, require_view, view_of

__all__ = [
    "BackupsSeen",
    "Brownout",
    "Cause",
    "Etcd",
    "Limit",
    "Limits",
    "LowerBound",
    "NodeRuntime",
    "Outage",
    "Quantile",
    "Retried",
    "Runtimes",
    "Seen",
    "Tally",
    "Verdict",
    "Views",
    "blindness",
    "claimable_backups",
    "combine",
    "cost_sentence",
    "require_view",
    "sentence",
    "view_of",
    "view_of_backups",
]
