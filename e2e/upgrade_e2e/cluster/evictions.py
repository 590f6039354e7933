"""Why pods are still on a node that is being drained: budgets, finalizers, grace periods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from upgrade_e2e.cluster.handle import Cluster
from upgrade_e2e.cluster.pods import finalizers_of
from upgrade_e2e.format import duration

__all__ = ["Holdup", "Weight", "evictable", "holdups", "pod_name", "read_holdups"]

Thing = Mapping[str, Any]
_MIRROR = "kubernetes.io/config.mirror"
_ENDED = frozenset({"Succeeded", "Failed"})


class Weight(IntEnum):
    """How much a reason explains that a drain does not end; the first one explains most."""

    FINALIZER = 0
    LONG_GRACE = 1
    BUDGET = 2
    UNEVICTED = 3
    LATE = 4
    ON_ITS_WAY = 5


@dataclass(frozen=True)
class Holdup:
    """One pod that is still there, and why.

    `pod` is `namespace/name`. `waits` says it for a drain that still runs, `failed` for one whose
    time is over; both go on after the pod's name and what `failed_line` puts in between.
    """

    pod: str
    weight: Weight
    waits: str
    failed: str

    @property
    def waiting_line(self) -> str:
        """`shop/cart-7d: budget shop/cart allows 0 of 3 (minAvailable 3)`."""
        return f"{self.pod}: {self.waits}"

    @property
    def failed_line(self) -> str:
        """`shop/cart-7d is held by budget shop/cart: minAvailable 1 of 1 healthy, 0 may go`."""
        between = " " if self.weight is Weight.BUDGET else ": "
        return f"{self.pod}{between}{self.failed}"


def read_holdups(
    cluster: Cluster, node: str, allowed_s: float, timeout_s: float
) -> tuple[Holdup, ...]:
    """What holds the drain of a node now, read once: raises one of TRANSIENT_API_ERRORS."""
    path = f"/api/v1/pods?fieldSelector=spec.nodeName%3D{node}"
    pods = cluster.api.get_json(path, timeout_s=timeout_s)["items"]
    budgets = cluster.api.get_json("/apis/policy/v1/poddisruptionbudgets", timeout_s=timeout_s)[
        "items"
    ]
    return holdups(pods, budgets, datetime.now(UTC), allowed_s)


def holdups(
    pods: Iterable[Thing], budgets: Sequence[Thing], now: datetime, allowed_s: float
) -> tuple[Holdup, ...]:
    """What holds the drain of a node with these pods, what explains most first.

    `allowed_s` are the seconds that the drain may take.
    """
    found = (_holdup(pod, budgets, now, allowed_s) for pod in pods if evictable(pod))
    return tuple(sorted(found, key=lambda holdup: (holdup.weight, holdup.pod)))


def evictable(pod: Thing) -> bool:
    """Whether a drain waits for this pod: neither of a DaemonSet nor of a file on the node."""
    meta = pod["metadata"]
    owners = meta.get("ownerReferences") or ()
    controllers = {owner["kind"] for owner in owners if owner.get("controller")}
    ended = (pod.get("status") or {}).get("phase") in _ENDED
    return _MIRROR not in (meta.get("annotations") or {}) and (
        ended or "DaemonSet" not in controllers
    )


def pod_name(pod: Thing) -> str:
    """`namespace/name`."""
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _holdup(pod: Thing, budgets: Sequence[Thing], now: datetime, allowed_s: float) -> Holdup:
    name = pod_name(pod)
    if "deletionTimestamp" in pod["metadata"]:
        return _terminating(name, pod, now, allowed_s)
    mine = [budget for budget in budgets if _covers(budget, pod)]
    if len(mine) > 1:
        names = " and ".join(pod_name(budget) for budget in mine)
        said = f"budgets {names} both cover it, and the API evicts no such pod"
        return Holdup(name, Weight.BUDGET, said, f"is not evicted: {said}")
    if mine and _allowed(mine[0]) < 1:
        return _held(name, mine[0])
    missed = "was not evicted in time, and no budget holds it"
    return Holdup(name, Weight.UNEVICTED, "waits to be evicted", missed)


def _terminating(name: str, pod: Thing, now: datetime, allowed_s: float) -> Holdup:
    meta = pod["metadata"]
    left_s = (datetime.fromisoformat(meta["deletionTimestamp"]) - now).total_seconds()
    finalizers = finalizers_of(pod)
    if finalizers and (left_s <= 0 or not _is_running(pod)):
        said = f"still terminating, {finalizers}"
        return Holdup(name, Weight.FINALIZER, said, said)
    if left_s <= 0:
        late = duration(round(-left_s))
        said = f"still terminating {late} after its grace period, its kubelet is late"
        return Holdup(name, Weight.LATE, said, said)
    grace_s = meta.get("deletionGracePeriodSeconds", 0)
    left, grace = duration(round(left_s)), duration(grace_s)
    waits = f"terminating, {left} of its grace period of {grace} are left"
    if grace_s > allowed_s:
        longer = (
            f"terminating, its grace period of {grace} is longer than the {duration(allowed_s)} "
            "that the drain may take; --drain-timeout"
        )
        return Holdup(name, Weight.LONG_GRACE, waits, longer)
    late = f"terminating, {left} of its grace period of {grace} were left"
    return Holdup(name, Weight.ON_ITS_WAY, waits, f"{late}; --drain-timeout")


def _held(name: str, budget: Thing) -> Holdup:
    status, title = budget.get("status") or {}, f"budget {pod_name(budget)}"
    expected, healthy = status.get("expectedPods", 0), status.get("currentHealthy", 0)
    allowed, rule = _allowed(budget), _rule(budget)
    well = " healthy" if healthy == expected else f", {healthy} healthy"
    numbers = f"{rule} of {expected}{well}, {allowed} may go"
    if trouble := next(_sync_failures(status), ""):
        numbers = f"its numbers cannot be worked out: {trouble}"
    return Holdup(
        name,
        Weight.BUDGET,
        f"{title} allows {allowed} of {expected} ({rule})",
        f"is held by {title}: {numbers}",
    )


def _allowed(budget: Thing) -> int:
    return int((budget.get("status") or {}).get("disruptionsAllowed", 0))


def _rule(budget: Thing) -> str:
    """`minAvailable 1`, `maxUnavailable 0`, `minAvailable 50% (2)`."""
    spec = budget["spec"]
    key = "minAvailable" if "minAvailable" in spec else "maxUnavailable"
    value = spec.get(key)
    if key == "minAvailable" and isinstance(value, str):
        return f"{key} {value} ({(budget.get('status') or {}).get('desiredHealthy', 0)})"
    return f"{key} {value}"


def _sync_failures(status: Thing) -> Iterator[str]:
    for condition in status.get("conditions") or ():
        if condition.get("reason") == "SyncFailed":
            yield str(condition.get("message", "SyncFailed"))


def _is_running(pod: Thing) -> bool:
    states = (pod.get("status") or {}).get("containerStatuses") or ()
    return any("running" in (one.get("state") or {}) for one in states)


def _covers(budget: Thing, pod: Thing) -> bool:
    """Whether the budget's selector matches the pod; one without a selector matches nothing."""
    if budget["metadata"]["namespace"] != pod["metadata"]["namespace"]:
        return False
    selector = budget["spec"].get("selector")
    if selector is None:
        return False
    labels = pod["metadata"].get("labels") or {}
    equal = all(
        labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items()
    )
    return equal and all(_meets(labels, one) for one in selector.get("matchExpressions") or ())


def _meets(labels: Mapping[str, str], expression: Thing) -> bool:
    operator, value = expression["operator"], labels.get(expression["key"])
    values = expression.get("values") or ()
    match operator:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    raise ValueError(f"a label selector has no operator {operator!r}")
