"""The faults that this provider can plant: what they are, and where their steps go in a plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from upgrade_e2e.errors import BadInput
from upgrade_e2e.upgrade import Fault, Step

__all__ = ["CATALOGUE", "LONGEST_FREEZE_S", "FaultKind", "freeze_s", "target_of", "with_faults"]

PLANT_S = 300.0
LONGEST_FREEZE_S = 60.0
BREAKABLE = ("kubeadm-apply", "kubeadm-node", "drain", "swap-kubelet")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s?")


@dataclass(frozen=True)
class FaultKind:
    """One entry of the catalogue: how a fault is written, what it breaks, what it does."""

    name: str
    form: str
    breaks: str
    does: str
    check: Callable[[str], object]


def freeze_s(value: str) -> float:
    """The duration in `2s` or `0.5`; raises BadInput for anything else and for too much."""
    match = _SECONDS.fullmatch(value)
    if match is None or not 0 < float(match[1]) <= LONGEST_FREEZE_S:
        raise BadInput(
            f"{value!r} is no duration to freeze for; write seconds up to {LONGEST_FREEZE_S:g}, "
            "like apiserver-freeze=2s."
        )
    return float(match[1])


def target_of(value: str) -> tuple[str, str]:
    """Kind and node in `drain:worker2`; raises BadInput for a step that cannot be broken."""
    kind, separator, node = value.partition(":")
    if kind not in BREAKABLE or not separator or not node:
        raise BadInput(
            f"{value!r} names no step that can be made to fail; write KIND:NODE with one of "
            f"{', '.join(BREAKABLE)}, like fail-step=drain:worker2."
        )
    return kind, node


def _rate(value: str) -> int:
    if not value.isdigit() or not 1 <= int(value) <= 1000:
        raise BadInput(f"{value!r} is no rate; write kubelet-qps=1, a whole number up to 1000.")
    return int(value)


CATALOGUE: tuple[FaultKind, ...] = (
    FaultKind(
        "kubelet-qps",
        "kubelet-qps=1",
        "pods become Ready, and are seen as gone, later than they are",
        "a kubelet drop-in on every worker sets kubeAPIQPS and kubeAPIBurst; it outlives kubeadm",
        _rate,
    ),
    FaultKind(
        "apiserver-freeze",
        "apiserver-freeze=2s@drain",
        "API requests hang for that long",
        "SIGSTOP to kube-apiserver on every control plane, SIGCONT after the given time",
        freeze_s,
    ),
    FaultKind(
        "fail-step",
        "fail-step=kubeadm-apply:control-plane",
        "the upgrade itself fails at that step",
        "the staged program of the step is replaced by one that exits with 1; for a drain, a pod "
        "is put on the node that its PodDisruptionBudget does not let go",
        target_of,
    ),
)


def with_faults(steps: Sequence[Step], faults: Sequence[Fault]) -> tuple[Step, ...]:
    """The steps with a `plant` step for each fault, right before the step that it begins at.

    Raises BadInput for a fault that is not in the catalogue, a value that it cannot have, and a
    step that is not in the plan.
    """
    planned = list(steps)
    for fault in faults:
        kind = _kind_of(fault)
        kind.check(fault.value)
        place = _place(planned, fault)
        step = Step(
            "plant",
            PLANT_S,
            about=str(fault),
            hop=planned[place].hop,
            does=(f"{kind.does}: {kind.breaks}",),
            params={**planned[place].params, "fault": fault.name, "value": fault.value},
        )
        planned.insert(place, step)
    return tuple(planned)


def _kind_of(fault: Fault) -> FaultKind:
    for kind in CATALOGUE:
        if kind.name == fault.name:
            return kind
    known = ", ".join(kind.form for kind in CATALOGUE)
    raise BadInput(f"the kind provider knows no fault {fault.name!r}; it knows {known}.")


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
