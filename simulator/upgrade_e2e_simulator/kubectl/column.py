"""A column, and the small words that many columns need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from upgrade_e2e_simulator.api.times import seconds_since
from upgrade_e2e_simulator.store import Object

__all__ = ["AGE", "NAME", "Column", "age", "containers", "human_duration", "images", "selector"]

NONE = "<none>"


@dataclass(frozen=True)
class Column:
    """One column: its title, how to fill a cell; `wide` columns show with `-o wide` only."""

    title: str
    cell: Callable[[Object], Any]
    wide: bool = False
    kind: str = "string"

    @property
    def definition(self) -> Object:
        """The TableColumnDefinition."""
        return {
            "name": self.title,
            "type": self.kind,
            "format": "name" if self.title == "Name" else "",
            "description": self.title,
            "priority": 1 if self.wide else 0,
        }


def human_duration(seconds: float) -> str:
    """A duration in at most two units, coarser the longer it is: `42s`, `3m7s`, `5h12m`, `3d`."""
    whole = max(0, int(seconds))
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if whole < 120:
        return f"{whole}s"
    if minutes < 10:
        return _pair(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    return _pair(days, "d", hours % 24, "h") if days < 8 else f"{days}d"


def _pair(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}" + (f"{small}{small_unit}" if small else "")


def age(obj: Object) -> str:
    """How old it is."""
    created = obj["metadata"].get("creationTimestamp")
    return human_duration(seconds_since(created)) if created else "<unknown>"


def _template(obj: Object) -> Object:
    template: Object = obj["spec"].get("template", {}).get("spec", {})
    return template


def containers(obj: Object) -> str:
    """The names of the template's containers."""
    return ",".join(item["name"] for item in _template(obj).get("containers") or ())


def images(obj: Object) -> str:
    """The images of the template's containers."""
    return ",".join(item.get("image", "") for item in _template(obj).get("containers") or ())


def selector(obj: Object) -> str:
    """The labels that it selects pods by."""
    wanted = obj["spec"].get("selector") or {}
    labels = wanted.get("matchLabels", wanted if "matchExpressions" not in wanted else {})
    return ",".join(f"{key}={value}" for key, value in labels.items()) or NONE


NAME = Column("Name", lambda obj: obj["metadata"]["name"])
AGE = Column("Age", age)
