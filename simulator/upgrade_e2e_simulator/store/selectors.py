"""Label and field selectors, written as in kubectl or as in a spec."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from upgrade_e2e_simulator.store.objects import Object

__all__ = ["BadSelector", "field_selector", "label_selector", "selects"]

Labels = Mapping[str, str]
Predicate = Callable[[Labels], bool]

_TERM = re.compile(
    r"""\s*(?:
        (?P<absent>!\s*(?P<absent_key>[\w./-]+))
      | (?P<key>[\w./-]+)\s*(?:
            (?P<equal>==|=|!=)\s*(?P<value>[\w.-]*)
          | \s(?P<set>in|notin)\s*\((?P<values>[^)]*)\)
        )?
    )\s*(?:,|$)""",
    re.VERBOSE,
)


class BadSelector(ValueError):
    """A selector that cannot be read; the message says where."""


def label_selector(text: str) -> Predicate:
    """The predicate that `a=b,c!=d,e in (f,g),!h` means. Raises BadSelector."""
    terms: list[Predicate] = []
    at = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None or match.end() == at:
            raise BadSelector(f"unable to parse requirement: found {text[at:]!r} in {text!r}")
        terms.append(_label_term(match))
        at = match.end()
    return lambda labels: all(term(labels) for term in terms)


def _label_term(match: re.Match[str]) -> Predicate:
    if match["absent"]:
        key = match["absent_key"]
        return lambda labels: key not in labels
    key = match["key"]
    if match["equal"]:
        value = match["value"]
        if match["equal"] == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if match["set"]:
        values = frozenset(word.strip() for word in match["values"].split(","))
        if match["set"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    return lambda labels: key in labels


def selects(selector: Mapping[str, Any] | None, labels: Labels) -> bool:
    """Whether a LabelSelector of a spec selects `labels`; None selects nothing, {} everything."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_expression(term, labels) for term in selector.get("matchExpressions") or ())


def _expression(term: Mapping[str, Any], labels: Labels) -> bool:
    key, values = term["key"], term.get("values") or []
    match term["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case "Gt":
            return labels.get(key, "").isdigit() and int(labels[key]) > int(values[0])
        case "Lt":
            return labels.get(key, "").isdigit() and int(labels[key]) < int(values[0])
    raise BadSelector(f"{term['operator']!r} is not a valid label selector operator")


_ANY_KIND = frozenset({"metadata.name", "metadata.namespace"})
_SWITCHES = frozenset({"unschedulable", "hostNetwork"})
_FIELDS: Mapping[str, frozenset[str]] = {
    "pods": frozenset(
        {
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        }
    ),
    "nodes": frozenset({"spec.unschedulable"}),
    "namespaces": frozenset({"status.phase"}),
    "secrets": frozenset({"type"}),
}


def field_selector(resource: str, text: str) -> Callable[[Object], bool]:
    """The predicate that `spec.nodeName=worker,status.phase!=Failed` means for `resource`.

    Raises BadSelector for a field that the resource cannot be selected by, as the API does.
    """
    terms = [_field_term(resource, part) for part in text.split(",") if part]
    return lambda obj: all(term(obj) for term in terms)


def _field_term(resource: str, part: str) -> Callable[[Object], bool]:
    field, operator, value = _split(part)
    if field not in _ANY_KIND | _FIELDS.get(resource, frozenset()):
        raise BadSelector(f'field label not supported: "{field}"')
    path = field.split(".")
    if operator == "!=":
        return lambda obj: _text_at(obj, path) != value
    return lambda obj: _text_at(obj, path) == value


def _split(part: str) -> tuple[str, str, str]:
    for operator in ("!=", "==", "="):
        field, found, value = part.partition(operator)
        if found:
            return field.strip(), operator, value.strip()
    raise BadSelector(f"invalid selector: '{part}'; can't understand '{part}'")


def _text_at(obj: Object, path: list[str]) -> str:
    value: Any = obj
    for word in path:
        value = value.get(word) if isinstance(value, dict) else None
    if value is None and path[-1] in _SWITCHES:
        value = False
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
