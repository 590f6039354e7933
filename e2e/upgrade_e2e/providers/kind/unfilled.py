"""Variables that nobody has filled in: kind takes `${NAME}` as it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from upgrade_e2e.providers.kind.own_patches import mappings_in

__all__ = ["UNFILLED", "unfilled_variables"]

UNFILLED = "unfilled-variables"
_VARIABLE = re.compile(r"\$\{[A-Za-z_][^{}]*\}")


def unfilled_variables(text: str) -> Sequence[str]:
    """Each `${NAME}` in a kind configuration that has been checked, in their order.

    Those of names that a pass replaces, the cluster's and the images', do not count.
    """
    config = next(mappings_in(text), {})
    kept = {key: value for key, value in config.items() if key not in {"name", "nodes"}}
    nodes = [
        {key: value for key, value in node.items() if key != "image"}
        for node in config.get("nodes") or ()
    ]
    found = (one for word in _words([kept, nodes]) for one in _VARIABLE.findall(word))
    return tuple(dict.fromkeys(found))


def _words(value: Any) -> Iterator[str]:
    """The texts in a value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _words(key)
            yield from _words(part)
    elif isinstance(value, list):
        for part in value:
            yield from _words(part)
