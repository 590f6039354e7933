"""metadata.managedFields: which manager set which fields.

Ownership is kept from the first server-side apply of an object on; before that nobody owns
anything, so that plain creates and updates cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from upgrade_e2e_simulator.kubectl.fields import Fields, fields_of, find, from_v1, to_v1
from upgrade_e2e_simulator.store import Object

__all__ = ["Manager", "after_update", "owners_of", "write_owners"]


@dataclass(frozen=True)
class Manager:
    """Who sets fields, and how: `Apply` or `Update`."""

    name: str
    operation: str
    subresource: str = ""


Owners = dict[Manager, Fields]


def owners_of(obj: Object) -> Owners:
    """The owners that `obj` records."""
    owners: Owners = {}
    for entry in obj["metadata"].get("managedFields") or ():
        manager = Manager(entry["manager"], entry["operation"], entry.get("subresource", ""))
        owners[manager] = from_v1(entry["fieldsV1"])
    return owners


def write_owners(obj: Object, owners: Owners, now: str) -> Object:
    """`obj` with these owners recorded."""
    times = _times(obj)
    entries: list[Any] = []
    for manager, fields in owners.items():
        if not fields:
            continue
        entry = {
            "manager": manager.name,
            "operation": manager.operation,
            "apiVersion": obj["apiVersion"],
            "time": times.get((manager, fields), now),
            "fieldsType": "FieldsV1",
            "fieldsV1": to_v1(fields),
        }
        if manager.subresource:
            entry["subresource"] = manager.subresource
        entries.append(entry)
    return {**obj, "metadata": {**obj["metadata"], "managedFields": entries}}


def _times(obj: Object) -> dict[tuple[Manager, Fields], str]:
    return {
        (manager, fields): entry["time"]
        for (manager, fields), entry in zip(
            owners_of(obj).items(), obj["metadata"].get("managedFields") or (), strict=True
        )
    }


def after_update(old: Object, new: Object, manager: Manager, now: str) -> Object:
    """`new` with what it changes against `old` owned by `manager`, who takes it from the others."""
    owners = owners_of(old)
    if not owners:
        return new
    present = fields_of(new)
    changed = frozenset(path for path in present if find(old, path) != find(new, path))
    kept = {
        who: frozenset(path for path in fields - changed if path in present)
        for who, fields in owners.items()
    }
    kept[manager] = kept.get(manager, frozenset()) | changed
    return write_owners(new, kept, now)
