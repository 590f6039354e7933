"""Terraform, tfvars and terragrunt: blocks under their labels, maps, lists and expressions."""

from __future__ import annotations

import hcl2
from lark import Token, Tree
from lark.exceptions import LarkError

from upgrade_e2e.bumps.nodes import Block, Keys, Node, Rows, Scalar
from upgrade_e2e.bumps.readers.texts import text_node
from upgrade_e2e.bumps.readers.yamls import NotReadable

__all__ = ["LARGEST_HCL", "read_hcl"]

LARGEST_HCL = 200_000
"""Characters that the parser reads in about two seconds."""


def read_hcl(text: str, first: int = 1) -> Node:
    """The blocks of a file whose first line has this number; raises NotReadable."""
    if len(text) > LARGEST_HCL:
        raise NotReadable
    try:
        tree = hcl2.parses_to_tree(text if text.endswith("\n") else f"{text}\n")
    except (LarkError, RecursionError) as error:
        raise NotReadable from error
    return Block(_body(tree.children[0], first - 1))


def _body(body: Tree[Token], shift: int) -> Keys:
    tally = Keys()
    for child in _trees(body):
        if child.data == "attribute":
            tally.put(_text(child.children[0]), _value(_trees(child)[-1], shift))
        elif child.data == "block":
            labels = [_text(part) for part in _trees(child) if part.data != "body"]
            inner = next(part for part in _trees(child) if part.data == "body")
            _nest(tally, labels, _body(inner, shift))
    return tally


def _nest(tally: Keys, labels: list[str], body: Keys) -> None:
    """Put a body under its labels: all `resource` blocks together, below them their types."""
    *above, last = labels
    for label in above:
        there = tally.get(label)
        if not (isinstance(there, Block) and isinstance(there.items, Keys)):
            there = Block(Keys())
            tally[label] = there
        tally = there.items if isinstance(there.items, Keys) else Keys()
    tally.put(last, Block(body))


def _value(node: Tree[Token], shift: int) -> Node:
    inner = node
    while inner.data == "expr_term" and len(inner.children) == 1:
        below = inner.children[0]
        if not isinstance(below, Tree):
            break
        inner = below
    if inner.data == "object":
        return Block(_object(inner, shift))
    if inner.data == "tuple":
        return Rows(tuple(_value(part, shift) for part in _trees(inner)))
    line = next((token.line or 1 for token in _tokens(node)), 1) + shift
    if inner.data != "string" and (maps := list(inner.find_pred(lambda one: one.data == "object"))):
        return Block(_joined(maps, shift))
    if inner.data.startswith("heredoc"):
        _, *body, _ = _text(inner).split("\n")
        return text_node("\n".join(body) + "\n", line + 1)
    if inner.data == "string":
        return text_node(_text(inner), line)
    return Scalar(_text(node), line)


def _joined(maps: list[Tree[Token]], shift: int) -> Keys:
    """The keys of maps in an expression, as in `merge(local.common, { a = 1 })`."""
    inside = {id(below) for one in maps for below in one.iter_subtrees() if below is not one}
    keys = Keys()
    for one in maps:
        if id(one) not in inside:
            for key, node in _object(one, shift).items():
                keys.put(key, node)
    return keys


def _object(node: Tree[Token], shift: int) -> Keys:
    tally = Keys()
    for element in _trees(node):
        if element.data == "object_elem":
            key, value = _trees(element)[0], _trees(element)[-1]
            tally.put(_text(key), _value(value, shift))
    return tally


def _trees(node: Tree[Token]) -> list[Tree[Token]]:
    return [
        child
        for child in node.children
        if isinstance(child, Tree) and child.data != "new_line_or_comment"
    ]


def _tokens(node: Tree[Token] | Token) -> list[Token]:
    if isinstance(node, Token):
        return [node]
    return [token for token in node.scan_values(lambda _: True) if isinstance(token, Token)]


def _text(node: Tree[Token] | Token) -> str:
    """What is written, without the quotes around it when it is one string."""
    text = "".join(str(token) for token in _tokens(node)).strip()
    is_string = isinstance(node, Tree) and _is_string(node)
    return text[1:-1] if is_string else text


def _is_string(node: Tree[Token]) -> bool:
    trees = _trees(node)
    return node.data == "string" or (
        len(trees) == 1 and len(node.children) == 1 and _is_string(trees[0])
    )
