"""All faults that can be planted, whoever plants them."""

from __future__ import annotations

from dataclasses import dataclass

from e2e.errors import BadInput
from e2e.observers import CATALOGUE as API_FAULTS
from e2e.providers.kind.faults import CATALOGUE as KIND_FAULTS
from e2e.upgrade import Fault

__all__ = ["KnownFault", "known_faults", "require_known"]


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
    kind = [KnownFault(f.name, f.form, f.breaks, "kind") for f in KIND_FAULTS]
    return (*anywhere, *kind)


def require_known(fault: Fault) -> None:
    """Refuse, with BadInput, a fault that nobody can plant or that lacks its value."""
    known = {entry.name: entry for entry in known_faults()}
    if fault.name not in known:
        forms = ", ".join(entry.form for entry in known.values())
        raise BadInput(f"there is no fault {fault.name!r}; `upgrade-e2e faults` lists {forms}.")
    if "=" in known[fault.name].form and not fault.value:
        raise BadInput(f"fault {fault.name} needs a value; write {known[fault.name].form}.")
