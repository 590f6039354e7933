"""The user's kind configuration with what a pass must change; every other value stays as written.

The document is changed as a tree of YAML nodes, not as values: a plain `yes` or `0644`, a quoted
number and a block of text leave as they came, however another reader of YAML takes them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from upgrade_e2e.cluster import Role
from upgrade_e2e.errors import BadInput

__all__ = ["rewritten"]

_TEXT = "tag:yaml.org,2002:str"
_LIST = "tag:yaml.org,2002:seq"


def rewritten(text: str, images: Sequence[str], additions: Mapping[str, Sequence[Any]]) -> str:
    """The configuration in `text` with an image for each node, and with more items in its lists.

    `images` are in the order of the nodes; a text without nodes gets one control plane.
    `additions` are values to append, by the key of a list. Comments are lost.
    """
    root = _root(text)
    nodes = _items(root, "nodes") or [_as_node({"role": Role.CONTROL_PLANE.value})]
    changed = [
        _with(node, "image", ScalarNode(_TEXT, image))
        for node, image in zip(nodes, images, strict=True)
    ]
    root = _with(root, "nodes", SequenceNode(_LIST, changed))
    for key, values in additions.items():
        items = [*_items(root, key), *(_as_node(value) for value in values)]
        root = _with(root, key, SequenceNode(_LIST, items))
    return yaml.serialize(root, Dumper=yaml.SafeDumper, width=math.inf, allow_unicode=True)


def _root(text: str) -> MappingNode:
    for root in yaml.compose_all(text, Loader=yaml.SafeLoader):
        if isinstance(root, MappingNode):
            return root
    raise BadInput(
        "a kind configuration is a mapping, and this text has none; begin it with `kind: Cluster`."
    )


def _items(mapping: MappingNode, key: str) -> list[Node]:
    """The items of a list; none where the key is missing or null."""
    found = [value for name, value in mapping.value if name.value == key]
    return list(found[-1].value) if found and isinstance(found[-1], SequenceNode) else []


def _with(mapping: Node, key: str, value: Node) -> MappingNode:
    """A copy of a mapping with another value: what an anchor names elsewhere stays as it is."""
    if not isinstance(mapping, MappingNode):
        raise BadInput(
            f"a node of a kind configuration is {mapping.value!r}; write it like `- role: worker`."
        )
    pairs = list(mapping.value)
    places = [number for number, (name, _) in enumerate(pairs) if name.value == key]
    if places:
        pairs[places[-1]] = (pairs[places[-1]][0], value)
    else:
        pairs.append((ScalarNode(_TEXT, key), value))
    return MappingNode(mapping.tag, pairs, flow_style=mapping.flow_style)


def _as_node(value: object) -> Node:
    """A value as a YAML node."""
    node = yaml.compose(yaml.safe_dump(value, sort_keys=False), Loader=yaml.SafeLoader)
    if node is None:
        raise BadInput(f"{value!r} cannot be added to a kind configuration; use a value of YAML.")
    return node
