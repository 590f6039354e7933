"""The faults that the simulator can plant: each another value for a mechanism's parameter."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from upgrade_e2e.errors import BadInput
from upgrade_e2e.upgrade import Fault, Step

__all__ = ["CATALOGUE", "FaultKind", "seconds", "target_of", "with_faults"]

PLANT_S = 30.0
LONGEST_S = 60.0
BREAKABLE = ("kubeadm-apply", "kubeadm-node", "drain", "swap-kubelet")
ADDONS = ("coredns", "kube-proxy")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s)?")


@dataclass(frozen=True)
class FaultKind:
    """One entry of the catalogue: how a fault is written, what it breaks, what it does.

    `check` reads the value and raises BadInput for one that cannot be. `parameters` are set to
    what it read; a fault without any is planted by the provider itself.
    """

    name: str
    form: str
    breaks: str
    does: str
    check: Callable[[str], object]
    parameters: tuple[str, ...] = ()


def seconds(value: str) -> float:
    """The duration in `3s`, `200ms` or `0.5`; raises BadInput."""
    match = _DURATION.fullmatch(value)
    read = float(match[1]) / (1000 if match[2] == "ms" else 1) if match else 0.0
    if not 0 < read <= LONGEST_S:
        raise BadInput(f"{value!r} is no duration; write seconds up to {LONGEST_S:g}, like 2s.")
    return read


def _share(value: str) -> float:
    try:
        read = float(value)
    except ValueError:
        read = -1.0
    if not 0 < read <= 1:
        raise BadInput(f"{value!r} is no share; write a number above 0 and up to 1, like 0.01.")
    return read


def _rate(value: str) -> int:
    if not value.isdigit() or not 1 <= int(value) <= 1000:
        raise BadInput(f"{value!r} is no rate; write a whole number up to 1000, like 1.")
    return int(value)


def _addon(value: str) -> str:
    if value not in ADDONS:
        raise BadInput(
            f"{value!r} is no addon that kubeadm rolls; it is one of coredns, kube-proxy."
        )
    return value


def _nothing(value: str) -> bool:
    if value:
        raise BadInput(f"this fault has no value, but {value!r} was given.")
    return False


def target_of(value: str) -> tuple[str, str]:
    """Kind and node in `drain:worker2`; raises BadInput for a step that cannot be broken."""
    kind, separator, node = value.partition(":")
    if kind not in BREAKABLE or not separator or not node:
        raise BadInput(
            f"{value!r} names no step that can be made to fail; write KIND:NODE with one of "
            f"{', '.join(BREAKABLE)}, like fail-step=drain:worker2."
        )
    return kind, node


CATALOGUE: tuple[FaultKind, ...] = (
    FaultKind(
        "kubelet-qps",
        "kubelet-qps=1",
        "pods become Ready, and are seen as gone, later than they are",
        "the kubelets' API calls pass a token bucket of that rate and size",
        _rate,
        ("kubelet.qps", "kubelet.burst"),
    ),
    FaultKind(
        "apiserver-freeze",
        "apiserver-freeze=2s@drain",
        "API requests hang for that long",
        "the API server accepts connections and answers none for the given time",
        seconds,
    ),
    FaultKind(
        "etcd-stall",
        "etcd-stall=2s@drain",
        "writes and fresh reads hang, then fail with 504; /readyz says no",
        "the storage does not answer for the given time",
        seconds,
    ),
    FaultKind(
        "fail-step",
        "fail-step=drain:worker2",
        "the upgrade itself fails at that step",
        "the step's program ends with an error; for a drain, a pod is put on the node that its "
        "PodDisruptionBudget does not let go",
        target_of,
    ),
    FaultKind(
        "addon-stays",
        "addon-stays=kube-proxy",
        "one addon is still at the old version after the upgrade",
        "kubeadm does not roll that addon",
        _addon,
    ),
    FaultKind(
        "endpoint-delay",
        "endpoint-delay=3s",
        "connections go to pods that are gone: refused, and 502 behind an edge",
        "each node's service table is that much behind the EndpointSlices",
        seconds,
        ("network.endpoint_delay_s",),
    ),
    FaultKind(
        "no-grace",
        "no-grace",
        "pods are gone before anyone has heard of it: connections and lookups are refused",
        "kubelets kill containers at once, without preStop hook and SIGTERM",
        _nothing,
        ("kubelet.graceful",),
    ),
    FaultKind(
        "dns-drop",
        "dns-drop=0.01",
        "lookups time out",
        "that share of DNS queries is lost on the way",
        _share,
        ("network.drop_dns",),
    ),
    FaultKind(
        "dns-delay",
        "dns-delay=200ms",
        "lookups are slow",
        "every DNS answer is late by that much",
        seconds,
        ("dns.delay_s",),
    ),
)

_BY_NAME: Mapping[str, FaultKind] = {kind.name: kind for kind in CATALOGUE}


def kind_of(name: str) -> FaultKind:
    """The entry of that name; raises BadInput."""
    if name not in _BY_NAME:
        known = ", ".join(kind.form for kind in CATALOGUE)
        raise BadInput(f"the sim provider knows no fault {name!r}; it knows {known}.")
    return _BY_NAME[name]


def with_faults(steps: Sequence[Step], faults: Sequence[Fault]) -> tuple[Step, ...]:
    """The steps with a `plant` step for each fault, right before the step that it begins at.

    Raises BadInput for a fault that is not in the catalogue, a value that it cannot have, and a
    step that is not in the plan.
    """
    planned = list(steps)
    for fault in faults:
        kind = kind_of(fault.name)
        kind.check(fault.value)
        place = _place(planned, fault)
        step = Step(
            "plant",
            PLANT_S,
            about=str(fault),
            hop=planned[place].hop,
            does=(f"{kind.does}: {kind.breaks}",),
            params={"fault": fault.name, "value": fault.value},
        )
        planned.insert(place, step)
    return tuple(planned)


def _place(steps: Sequence[Step], fault: Fault) -> int:
    """The index of the step that the fault comes before; with no word on it, the first."""
    at = fault.at
    if not at and fault.name == "fail-step":
        at = " ".join(target_of(fault.value))
    if not at:
        return 0
    for index, step in enumerate(steps):
        if step.kind != "plant" and at in {step.kind, step.name}:
            return index
    names = ", ".join(dict.fromkeys(step.name for step in steps if step.kind != "plant"))
    raise BadInput(f"the plan has no step {at!r} to plant {fault} at; it has {names}.")
