"""The checks that observers make of themselves; each raises BadInput with what would be right.

`what` names the value as its author wrote it, such as `HttpService.rate_hz`.
"""

from __future__ import annotations

import math
import re

from upgrade_e2e.errors import BadInput

__all__ = [
    "LONGEST_LABEL",
    "RESERVED",
    "check_budget",
    "check_count",
    "check_domain",
    "check_label",
    "check_one_of",
    "check_positive_s",
    "check_rate",
    "check_seconds",
    "check_service",
    "check_timeout",
    "check_type",
    "is_dns_label",
]

MOST_HZ = 1000.0
LONGEST_TIMEOUT_S = 3600.0
LONGEST_LABEL = 40
"""A pod's name is longer than that of its Deployment, and 63 characters are the most for it."""
RESERVED = frozenset({"agent"}) | {
    f"{name}{end}"
    for name in ("prober", "node-prober", "control-plane-prober")
    for end in ("", "-spec")
}
"""What the probers' own objects are named."""

_LABEL = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_LONGEST_PART = 63
_LONGEST_DOMAIN = 253


def check_rate(what: str, value: float) -> None:
    """Probes a second: more than 0, at most 1000."""
    if not (_is_number(value) and 0 < value <= MOST_HZ):
        raise BadInput(
            f"{what} is {value!r}; a rate is a number of probes a second, more than 0 and at most "
            f"{MOST_HZ:g}."
        )


def check_timeout(what: str, value: float) -> None:
    """Seconds, more than 0 and at most an hour, because an agent counts latencies in 32 bits."""
    if not (_is_number(value) and 0 < value <= LONGEST_TIMEOUT_S):
        raise BadInput(
            f"{what} is {value!r}; a timeout is a number of seconds, more than 0 and at most "
            f"{LONGEST_TIMEOUT_S:g}."
        )


def check_positive_s(what: str, value: float) -> None:
    """Seconds, more than 0."""
    if not (_is_number(value) and 0 < value < math.inf):
        raise BadInput(f"{what} is {value!r}; it is a number of seconds, more than 0.")


def check_seconds(what: str, value: float) -> None:
    """Seconds, 0 or more."""
    if not (_is_number(value) and 0 <= value < math.inf):
        raise BadInput(f"{what} is {value!r}; it is a number of seconds, 0 or more.")


def check_count(what: str, value: int) -> None:
    """A whole number, 1 or more."""
    if not (_is_whole(value) and value >= 1):
        raise BadInput(f"{what} is {value!r}; it is a whole number, 1 or more.")


def check_budget(what: str, value: int, replicas: int) -> None:
    """How many of `replicas` a disruption budget keeps: so few that a drain can evict one."""
    if _is_whole(value) and 0 <= value < replicas:
        return
    blocks = _is_whole(value) and value >= replicas
    why = f"a budget that keeps all {replicas} replicas blocks every drain; " if blocks else ""
    raise BadInput(
        f"{what} is {value!r}; {why}with {replicas} replicas it is a whole number from 0 (no "
        f"budget) to {replicas - 1}."
    )


def check_one_of(what: str, value: object, choices: tuple[str, ...]) -> None:
    """One of the known values."""
    if value not in choices:
        raise BadInput(f"{what} is {value!r}; it is one of {', '.join(map(repr, choices))}.")


def check_type(what: str, value: object, wanted: type) -> None:
    """A value of the type `wanted`."""
    if not isinstance(value, wanted):
        raise BadInput(
            f"{what} is {value!r}; it is a value of {wanted.__name__}, as in "
            f"{what.rpartition('.')[2]}={wanted.__name__}()."
        )


def check_label(what: str, value: str) -> None:
    """What an observer is called: empty, or a DNS label that objects can be named after."""
    if value == "":
        return
    if not (is_dns_label(value, LONGEST_LABEL) and _LABEL.fullmatch(value)):
        raise BadInput(
            f"{what} is {value!r}; objects in the cluster are named after it, so it is at most "
            f"{LONGEST_LABEL} lower case letters, digits and dashes, begins with a letter and does "
            "not end with a dash, like 'my-web'."
        )
    if value in RESERVED:
        raise BadInput(f"{what} is {value!r}, a name that the probers need; choose another.")


def check_service(what: str, value: str) -> None:
    """A Service to look up, as `name.namespace`."""
    parts = value.split(".") if isinstance(value, str) else []
    if len(parts) != 2 or not all(is_dns_label(part) for part in parts):
        raise BadInput(
            f"{what} is {value!r}; it is a Service's name and its namespace with a dot between, "
            "like 'kubernetes.default'."
        )


def check_domain(what: str, value: str) -> None:
    """A domain in DNS: labels with dots between, without one at the end."""
    parts = value.split(".") if isinstance(value, str) else []
    if not parts or len(value) > _LONGEST_DOMAIN or not all(is_dns_label(one) for one in parts):
        raise BadInput(
            f"{what} is {value!r}; it is a domain of at most {_LONGEST_DOMAIN} characters in lower "
            "case, without a dot at the end, like 'cluster.local'."
        )


def is_dns_label(value: object, longest: int = _LONGEST_PART) -> bool:
    """Whether `value` is a DNS label in lower case."""
    return isinstance(value, str) and len(value) <= longest and bool(_DNS_LABEL.fullmatch(value))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
