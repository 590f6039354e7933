"""Values that are texts of their own: scripts, commands, and documents in a document."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from upgrade_e2e.bumps.nodes import Block, Document, Node, Rows, Scalar
from upgrade_e2e.bumps.readers.lines import read_lines, words_of
from upgrade_e2e.bumps.versions import holds_version

__all__ = ["flagged", "text_node"]

_WORDS = re.compile(r"^-{1,2}[A-Za-z]|\s|^[A-Za-z][\w.\-]*=|^(?:kubelet|kubeadm|kubectl)-\d")
_FLAG = re.compile(r"--?[A-Za-z][\w\-]*|kube(?:let|adm|ctl)")


def flagged(items: Sequence[Node]) -> tuple[Node, ...]:
    """The items of a list; a version behind a flag, or behind a package of Kubernetes, is under it.

    So are the arguments of a command and the packages of cloud-init.
    """
    found: list[Node] = []
    for item in items:
        above = found[-1] if found else None
        is_under = isinstance(above, Scalar) and _FLAG.fullmatch(above.value) is not None
        if isinstance(above, Scalar) and is_under and _is_version(item):
            found[-1] = Block({above.value: item})
        else:
            found.append(item)
    return tuple(found)


def _is_version(node: Node) -> bool:
    return isinstance(node, Scalar) and holds_version(node.value)


def text_node(value: str, line: int, parse: Callable[[str, int], Node] | None = None) -> Node:
    """What a value holds that begins at `line`.

    Of several lines: a document, when `parse` can read them as one, else a script. Of one line
    with several words: a command. Else the value itself.
    """
    if "\n" in value.strip("\n"):
        return _of_lines(value, line, parse)
    if holds_version(value) and _WORDS.search(value) and "{{" not in value:
        return words_of(value, line) or Scalar(value, line)
    return Scalar(value, line)


def _of_lines(value: str, line: int, parse: Callable[[str, int], Node] | None) -> Node:
    if not holds_version(value):
        return Scalar(value, line)
    if parse is not None:
        try:
            node = parse(value, line)
        except ValueError:
            node = Scalar(value, line)
        if isinstance(node, Document):
            return node
        if isinstance(node, Block | Rows):
            return Document(node)
    script = read_lines(enumerate(value.splitlines(), start=line))
    return script if script.items else Scalar(value, line)
