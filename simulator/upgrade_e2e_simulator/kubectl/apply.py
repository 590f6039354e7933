"""Server-side apply: an object is merged from what its managers say, field by field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from upgrade_e2e_simulator.kubectl.fields import (
    Fields,
    Path,
    fields_of,
    find,
    item_key,
    without,
)
from upgrade_e2e_simulator.kubectl.lists import apply_keys, is_set
from upgrade_e2e_simulator.kubectl.ownership import Manager, owners_of, write_owners
from upgrade_e2e_simulator.store import Object

__all__ = ["ApplyConflict", "apply_configuration"]


class ApplyConflict(Exception):
    """Other managers own fields that the configuration sets to another value."""

    def __init__(self, conflicts: Sequence[tuple[str, str]]) -> None:
        super().__init__(f"{len(conflicts)} conflicts")
        self.conflicts = conflicts


def apply_configuration(
    live: Object, config: Object, manager: Manager, now: str, *, force: bool
) -> Object:
    """`live` after `manager` has applied `config`. Raises ApplyConflict unless `force`.

    What the manager applied before and leaves out now is removed, if nobody else owns it.
    """
    owners = owners_of(live)
    before = owners.pop(manager, frozenset())
    wanted = fields_of(config)
    conflicts = _conflicts(live, config, wanted, owners)
    if conflicts and not force:
        raise ApplyConflict([(who.name, _readable(path)) for who, path in conflicts])
    for who, path in conflicts:
        owners[who] -= {path}
    merged = _merge(live, config, at_root=True)
    owned_by_others = frozenset[Path]().union(*owners.values())
    for path in sorted(before - wanted - owned_by_others, key=len, reverse=True):
        merged = without(merged, path)
    owners[manager] = wanted
    return write_owners(merged, owners, now)


def _conflicts(
    live: Object, config: Object, wanted: Fields, owners: dict[Manager, Fields]
) -> list[tuple[Manager, Path]]:
    return [
        (who, path)
        for who, fields in owners.items()
        for path in sorted(fields & wanted)
        if not path[-1].startswith("k:") and find(live, path) != find(config, path)
    ]


def _readable(path: Path) -> str:
    words = []
    for step in path:
        if step.startswith("f:"):
            words.append(f".{step[2:]}")
        else:
            words.append(f"[{step[2:].strip('{}').replace(':', '=')}]")
    return "".join(words)


def _merge(live: Any, config: Any, *, at_root: bool = False) -> Any:
    if not isinstance(config, dict):
        return config
    merged = dict(live) if isinstance(live, dict) else {}
    for key, value in config.items():
        if isinstance(value, list):
            merged[key] = _merge_list(key, merged.get(key) or [], value, at_root=at_root)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged


def _merge_list(field: str, live: list[Any], config: list[Any], *, at_root: bool) -> list[Any]:
    if is_set(field):
        return [*live, *(item for item in config if item not in live)]
    keys = apply_keys(field, [*live, *config], at_root=at_root)
    if not keys:
        return config
    merged = {item_key(item, keys): item for item in live}
    for item in config:
        place = item_key(item, keys)
        merged[place] = _merge(merged.get(place, {}), item)
    return list(merged.values())
