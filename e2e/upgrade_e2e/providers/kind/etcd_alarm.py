"""The alarm NOSPACE of etcd: raised with a mark by which a sweep finds it, taken back, or named.

While it is raised no member takes a write. etcd itself keeps it, so it outlives every restart. A
file on the node says that it is ours: an etcd that is really full must not be made to look well.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence

from upgrade_e2e.command import Runner
from upgrade_e2e.errors import BadInput, CommandFailed
from upgrade_e2e.wait import Deadline, wait_for

__all__ = [
    "MARK_FILE",
    "health_of",
    "member_of",
    "raise_alarm",
    "require_no_alarm",
    "take_back",
    "take_back_left",
]

MARK_FILE = "/var/lib/upgrade-e2e-etcd-alarm"
"""On the node of the member for which the alarm is raised; it holds the number of that member."""
_READ_MARK = ("sh", "-c", f"[ ! -e {MARK_FILE} ] || cat {MARK_FILE}")
_QUICK_S = 30.0
_PKI = "/etc/kubernetes/pki/etcd"
_API = (
    *("curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "10"),
    *("--cacert", f"{_PKI}/ca.crt", "--cert", f"{_PKI}/server.crt", "--key", f"{_PKI}/server.key"),
)
# The name stands for 127.0.0.1, and in a cluster of IPv6 for ::1.
_URL = "https://localhost:2379/v3/maintenance"
# An etcd that hangs is one that does not answer: curl must end before its runner gives it up.
_ASK_HEALTH = (
    *("curl", "--silent", "--max-time", "5"),
    "http://localhost:2381/health?serializable=true",
)
_TAKEN_BACK = Deadline(within_s=60.0, every_s=1.0)


def member_of(runner: Runner) -> str:
    """The number of the member on this node; raises CommandFailed where it does not answer."""
    return _ask(runner, "status", {})["header"]["member_id"]


def raise_alarm(runner: Runner, member: str) -> None:
    """Raise the alarm for a member, from its own node; raises CommandFailed.

    The mark comes first, so that no alarm of ours is ever without one.
    """
    runner.run("tee", MARK_FILE, timeout_s=_QUICK_S, stdin=member)
    _ask(runner, "alarm", _alarm(member, "ACTIVATE"))


def take_back(runner: Runner, member: str, others: Sequence[Runner] = ()) -> None:
    """Take back the alarm of a member, and then its mark; raises DeadlinePassed, CommandFailed.

    Each member knows the alarms of all: where the one on this node does not answer, those on the
    nodes `others` are asked in turn. Tried again where it fails: until then the whole cluster takes
    no write.
    """
    asked = itertools.cycle((runner, *others))
    wait_for(
        "etcd to take back its alarm",
        lambda: _ask(next(asked), "alarm", _alarm(member, "DEACTIVATE")),
        lambda _: True,
        _TAKEN_BACK,
        transient=(CommandFailed, ValueError),
    )
    runner.run("rm", "-f", MARK_FILE, timeout_s=_QUICK_S)


def take_back_left(runner: Runner, others: Sequence[Runner] = ()) -> None:
    """Take back the alarm that a killed process left raised on this node; see `take_back`.

    Without a mark nothing is done, and an alarm that etcd raised by itself stays.
    """
    if member := runner.run(*_READ_MARK, timeout_s=_QUICK_S).stdout.strip():
        take_back(runner, member, others)


def health_of(runner: Runner) -> str:
    """What the member of this node says of its health; empty where it does not answer."""
    return runner.run(*_ASK_HEALTH, timeout_s=_QUICK_S, check=False).stdout


def require_no_alarm(runner: Runner, cluster: str) -> None:
    """Refuse, with BadInput, a cluster whose etcd takes no writes, asked on one control plane.

    Every member knows the alarms of all. One that does not answer is for other checks to find.
    """
    if found := re.search(r"ALARM (\w+)", health_of(runner)):
        raise BadInput(
            f"etcd of cluster {cluster} has raised the alarm {found[1]}, and the cluster cannot be "
            "upgraded until that is gone. Where a run with the fault etcd-no-space was killed, "
            "`upgrade-e2e sweep` takes it back. Otherwise find its cause; for NOSPACE compact and "
            "defragment etcd, then run `etcdctl alarm disarm`."
        )


def _alarm(member: str, action: str) -> dict[str, str]:
    return {"memberID": member, "alarm": "NOSPACE", "action": action}


def _ask(runner: Runner, what: str, question: dict[str, str]) -> dict[str, dict[str, str]]:
    """A question to the member's own API, in JSON."""
    answer = runner.run(*_API, "--data", json.dumps(question), f"{_URL}/{what}", timeout_s=_QUICK_S)
    found: dict[str, dict[str, str]] = json.loads(answer.stdout)
    return found
