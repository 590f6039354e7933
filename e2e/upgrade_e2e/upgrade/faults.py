"""Faults in a plan: each is a `plant` step, and this is the only place that puts it there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

from upgrade_e2e.errors import BadInput
from upgrade_e2e.upgrade.fault_kinds import CATALOGUE, FaultKind, kind_of, plantable_on
from upgrade_e2e.upgrade.plan import JOIN_NODE, Fault, Plan, Step

__all__ = [
    "CATALOGUE",
    "PLANT",
    "FaultKind",
    "fault_of",
    "kind_of",
    "plantable_on",
    "planted_in",
    "with_faults",
    "without_joining",
]

PLANT = "plant"
"""The kind of the steps that plant a fault."""
PLANT_S = 300.0


def with_faults(plan: Plan, faults: Iterable[Fault]) -> Plan:
    """The plan with one `plant` step for each fault, and a choice `fault NAME`.

    A fault that names a step comes right before the first upgrade step of that kind or name.
    Without one, a fault of the workload or the cluster comes last in `prepare`, and one of the
    nodes or the backups, or one that comes late, right before the step that it breaks, or else
    first in `upgrade`.
    Faults at the same place keep their order.

    Raises BadInput for a fault that the plan's provider does not have, a value that cannot be,
    a step that is not in the plan, and a fault that would change nothing there.
    """
    for fault in faults:
        plan = _with_fault(plan, fault)
    return plan


def without_joining(plan: Plan) -> Plan:
    """The plan without the steps in which nodes join; BadInput for a fault that needs one."""
    joins = [step for step in plan.upgrade if step.kind == JOIN_NODE]
    for fault in planted_in(plan) if joins else ():
        words = {fault.at, _target(kind_of(fault.name), fault)} - {""}
        if any(_is(step, word) for step in joins for word in words):
            raise BadInput(
                f"the fault {fault} needs a node that joins, and none does where nothing watches "
                "pods on new nodes; add --scenario new_pods_have_network."
            )
    return replace(plan, upgrade=tuple(one for one in plan.upgrade if one not in joins))


def planted_in(plan: Plan) -> tuple[Fault, ...]:
    """The faults that the plan's steps plant, in the order of the steps."""
    return tuple(fault_of(step) for step in plan.steps if step.kind == PLANT)


def fault_of(step: Step) -> Fault:
    """The fault that a `plant` step plants."""
    return Fault.parse(step.about)


def _with_fault(plan: Plan, fault: Fault) -> Plan:
    kind = _checked(fault, plan.provider)
    _require_node(kind, fault, plan)
    _must_have_control_planes(plan, kind)
    if kind.acts_on in {"nodes", "backups"} or kind.late or fault.at:
        place = _place(plan.upgrade, kind, fault)
        before, after = plan.upgrade[:place], plan.upgrade[place:]
        broken = _hit(after, kind, fault) or after[0]
        step = _step(kind, fault, after[0].hop, broken.params)
        planted = replace(plan, upgrade=(*before, step, *after))
    else:
        before = plan.prepare
        planted = replace(plan, prepare=(*before, _step(kind, fault)))
    _refuse_a_second(before, fault)
    name = f"fault {fault.name}"
    said = ", ".join(filter(None, (plan.choices.get(name, ""), str(fault))))
    return replace(planted, choices={**plan.choices, name: said})


def _checked(fault: Fault, provider: str) -> FaultKind:
    """The fault's entry in the catalogue, once the fault is one that `provider` can plant."""
    mine = {kind.name: kind for kind in CATALOGUE if kind.plantable_on(provider)}
    if fault.name not in mine:
        if others := _others_with(fault.name, provider):
            raise BadInput(
                f"{provider} has no fault {fault.name!r}, but {others} has; add --provider "
                f"{others}."
            )
        raise BadInput(
            f"{provider} has no fault {fault.name!r}; `upgrade-e2e faults` lists all, {provider} "
            f"has {', '.join(kind.form for kind in mine.values())}."
        )
    kind = kind_of(fault.name)
    if "=" in kind.form and not fault.value:
        raise BadInput(f"fault {fault.name} needs a value; write {kind.form}.")
    try:
        kind.check(fault.value)
    except BadInput as wrong:
        raise BadInput(f"fault {fault} cannot be planted: {wrong}") from wrong
    if kind.acts_on == "workload" and fault.at:
        raise BadInput(
            f"fault {fault} is built into the workload and cannot begin at a step; write "
            f"{fault.name} without `@{fault.at}`."
        )
    return kind


def _others_with(name: str, provider: str) -> str:
    """The one provider that has this fault where `provider` lacks it; empty for none."""
    found = {one for kind in CATALOGUE if kind.name == name for one in kind.providers}
    return next(iter(sorted(found - {provider})), "")


def _require_node(kind: FaultKind, fault: Fault, plan: Plan) -> None:
    """Refuse a fault of a node that the plan does not have."""
    named = kind.on(fault.value) if kind.on is not None else ""
    known = tuple(dict.fromkeys(step.node for step in plan.upgrade if step.node))
    if named and named not in known:
        raise BadInput(
            f"fault {fault} is for the node {named!r}, which the plan does not have; it has "
            f"{', '.join(known)}."
        )


def _must_have_control_planes(plan: Plan, kind: FaultKind) -> None:
    """Refuse a fault that needs more control planes than the plan upgrades."""
    there = {step.node for step in plan.upgrade if step.node.startswith("control-plane")}
    if kind.control_planes > 1 and len(there) < kind.control_planes:
        raise BadInput(
            f"fault {kind.name} changes nothing with {len(there)} control plane(s): it needs "
            f"{kind.control_planes}; add --control-planes 3."
        )


def _place(steps: Sequence[Step], kind: FaultKind, fault: Fault) -> int:
    """The index of the step that the fault comes before."""
    at = fault.at or _target(kind, fault)
    there = (i for i, step in enumerate(steps) if step.kind != PLANT and (not at or _is(step, at)))
    place = next(there, None)
    if place is None:
        names = ", ".join(dict.fromkeys(step.name for step in steps if step.kind != PLANT))
        raise BadInput(f"the plan has no step {at!r} to plant {fault} at; it has {names}.")
    if _target(kind, fault) and _hit(steps[place:], kind, fault) is None:
        raise BadInput(
            f"fault {fault} changes nothing: from {steps[place].name!r} on, no step of the plan "
            f"is {_target(kind, fault)!r}, which it breaks; leave out `@{fault.at}`."
        )
    return place


def _target(kind: FaultKind, fault: Fault) -> str:
    """The step that the fault breaks, by kind or name; empty when it breaks none in particular."""
    return kind.hits(fault.value) if kind.hits is not None else ""


def _hit(steps: Sequence[Step], kind: FaultKind, fault: Fault) -> Step | None:
    target = _target(kind, fault)
    return next((step for step in steps if target and _is(step, target)), None)


def _is(step: Step, word: str) -> bool:
    """Whether `word` is the kind or the name of the step."""
    return step.kind != PLANT and word in {step.kind, step.name}


def _refuse_a_second(before: Sequence[Step], fault: Fault) -> None:
    """Refuse a fault that is planted at this place already."""
    for step in takewhile(lambda step: step.kind == PLANT, reversed(before)):
        if step.params["fault"] == fault.name:
            raise BadInput(
                f"fault {fault.name} is given twice for the same moment, as {step.about} and as "
                f"{fault}; leave out one of them."
            )


def _step(
    kind: FaultKind, fault: Fault, hop: str = "", params: Mapping[str, str] | None = None
) -> Step:
    return Step(
        PLANT,
        PLANT_S,
        about=str(fault),
        hop=hop,
        does=(f"{kind.does}: {kind.breaks}",),
        params={**(params or {}), "fault": fault.name, "value": fault.value},
    )
