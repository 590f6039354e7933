"""All faults that can be planted, whoever plants them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers import CATALOGUE as API_FAULTS
from upgrade_e2e.providers.kind.faults import CATALOGUE as KIND_FAULTS
from upgrade_e2e.providers.sim.provider import CATALOGUE as SIM_FAULTS
from upgrade_e2e.upgrade import Fault

__all__ = ["KnownFault", "known_faults", "plantable_on", "require_known"]


@dataclass(frozen=True)
class KnownFault:
    """How a fault is written, what it breaks, and which providers can plant it."""

    name: str
    form: str
    breaks: str
    providers: str


def known_faults() -> tuple[KnownFault, ...]:
    """Every fault, those that work on any cluster first."""
    anywhere = [
        KnownFault(f.name, f"{f.name}=N" if f.value else f.name, f.breaks, f.needs)
        for f in API_FAULTS.values()
    ]
    on_kind = {f.name: KnownFault(f.name, f.form, f.breaks, "kind") for f in KIND_FAULTS}
    on_sim = {f.name: KnownFault(f.name, f.form, f.breaks, "sim") for f in SIM_FAULTS}
    on_both = {
        name: replace(on_kind[name], providers="kind, sim") for name in on_kind if name in on_sim
    }
    return (*anywhere, *{**on_sim, **on_kind, **on_both}.values())


def plantable_on(provider: str) -> frozenset[str]:
    """The names of the faults that can be planted on clusters of `provider`."""
    return frozenset(
        entry.name
        for entry in known_faults()
        if entry.name in API_FAULTS or provider in entry.providers.split(", ")
    )


def require_known(fault: Fault, provider: str) -> None:
    """Refuse, with BadInput, a fault that `provider` cannot plant or that lacks its value."""
    known = {entry.name: entry for entry in known_faults()}
    mine = plantable_on(provider)
    if fault.name not in mine:
        forms = ", ".join(known[name].form for name in known if name in mine)
        raise BadInput(
            f"{provider} has no fault {fault.name!r}; `upgrade-e2e faults` lists all, {provider} "
            f"has {forms}."
        )
    if "=" in known[fault.name].form and not fault.value:
        raise BadInput(f"fault {fault.name} needs a value; write {known[fault.name].form}.")
