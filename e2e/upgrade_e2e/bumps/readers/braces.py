"""Files in which brackets make the blocks: code, Bicep, and Terraform or JSON in parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from upgrade_e2e.bumps.nodes import UNSEEN, Block, Keys, ListKind, Node, Rows, Scalar, leaves
from upgrade_e2e.bumps.readers.texts import flagged, text_node
from upgrade_e2e.bumps.readers.tokens import (
    Token,
    assignment,
    key_of,
    names_of,
    numbered,
    tokens_of,
)
from upgrade_e2e.bumps.versions import holds_version, mention_in

__all__ = ["read_braces"]

_GOES_ON = re.compile(r"\s*\.[A-Za-z]")
_SETS_KEY = re.compile(r"""\s*["']?[\w.\-]+["']?\s*[:=](?!=)""")
_DEEPEST = 60
_STEP = 4


@dataclass
class _Bracket:
    """A bracket that is open: what it is called, what it holds, and the statement around it."""

    bracket: str
    names: tuple[str, ...]
    outer: list[Token]
    is_assigned: bool = False
    is_above: bool = False
    begin: int = 0
    tally: Keys = field(default_factory=Keys)
    items: list[Node] = field(default_factory=list)

    @property
    def is_plain_call(self) -> bool:
        """Whether it is a call whose arguments have no names."""
        return self.bracket == "(" and not self.tally

    @property
    def is_plain_value(self) -> bool:
        """Whether it is such a call in a value, of no builder and without flags."""
        is_of_builder = len(self.names) > 2
        has_flags = len(flagged(self.items)) < len(self.items)
        return self.is_plain_call and self.is_assigned and not (is_of_builder or has_flags)


class _BracketReading:
    """A text on its way to a tree."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.frames = [_Bracket("", (), [])]
        self.pending: list[Token] = []

    def read(self, tokens: Iterator[Token]) -> None:
        """Read all tokens."""
        for token in tokens:
            if token.kind == "open":
                self._open(token)
            elif token.kind == "close":
                self._close(token)
            elif token.kind == "end" or (token.kind == "newline" and self._ends_here(token)):
                self._flush()
            elif token.kind not in ("comment", "newline"):
                self.pending.append(token)

    def finish(self) -> Keys:
        """Close what is still open."""
        self._flush()
        while len(self.frames) > 1:
            self._close(Token("close", "}", 0, len(self.text), len(self.text)))
        self._flush()
        return self.frames[0].tally

    def open_unseen(self) -> None:
        """Begin below something that is out of sight."""
        self.frames.append(_Bracket("{", (UNSEEN,), []))

    def _ends_here(self, newline: Token) -> bool:
        if self.frames[-1].bracket in ("(", "[") or not self.pending:
            return False
        last = self.pending[-1]
        if last.kind == "colon":
            # In a text of YAML, `spec:` begins a block; elsewhere a long value may follow.
            return _SETS_KEY.match(self.text, newline.end) is not None
        # The next call of a chain, as builders are written.
        return last.kind != "sets" and _GOES_ON.match(self.text, newline.end) is None

    def _open(self, token: Token) -> None:
        names, is_assigned = names_of(self.pending, token.text)
        # Go declares several names in brackets, one a line.
        bracket = "{" if [one.text for one in self.pending] in (["const"], ["var"]) else token.text
        self.frames.append(_Bracket(bracket, names, self.pending, is_assigned, begin=token.end))
        self.pending = []

    def _close(self, token: Token) -> None:
        self._flush()
        if len(self.frames) == 1 or (self.frames[-1].is_above and self._is_indented(token)):
            return
        frame = self.frames.pop()
        parent = self.frames[-1]
        if index := _index_of(frame):
            self.pending = [
                *frame.outer,
                Token("index", index, token.line, frame.begin, token.end),
            ]
            return
        if frame.is_plain_value:
            self.pending = [*frame.outer, self._call(frame, token)]
            return
        self.pending = [*frame.outer, Token("closed", "", token.line, token.start, token.end)]
        node = _node_of(frame) or self._argument(frame, token)
        if node is not None:
            _attach(parent, frame.names, node, is_deep=len(self.frames) > _DEEPEST)

    def _is_indented(self, token: Token) -> bool:
        """Whether a bracket closes something that was opened out of sight, further in."""
        begin = self.text.rfind("\n", 0, token.start) + 1
        return self.text[begin : begin + 1].isspace()

    def _argument(self, frame: _Bracket, token: Token) -> Node | None:
        """The version that a method is called with, as builders are: `.version(V1_33)`."""
        text = self.text[frame.begin : token.start].strip()
        is_call = frame.bracket == "(" and bool(frame.names)
        return Scalar(text, token.line) if is_call and mention_in(text) else None

    def _call(self, frame: _Bracket, token: Token) -> Token:
        """A call as a value: its only argument, or all of it as it is written."""
        only = frame.items[0] if len(frame.items) == 1 else None
        if isinstance(only, Scalar) and not frame.outer[-1].text.endswith("KubernetesVersion.of"):
            return Token("string", f'"{only.value}"', only.line, token.start, token.end)
        begin = frame.outer[-1]
        text = self.text[begin.start : token.end]
        return Token("called", text, begin.line, begin.start, token.end)

    def _flush(self) -> None:
        """Take what was read since the last separator as a statement."""
        tokens, self.pending = self.pending, []
        at = assignment(tokens)
        frame = self.frames[-1]
        if at is None:
            frame.items += [_string(token) for token in tokens if token.kind == "string"]
            return
        key, value = key_of(tokens[:at]), tokens[at + 1 :]
        if not value or any(token.kind == "closed" for token in value):
            return
        if len(value) == 1 and value[0].kind == "string":
            frame.tally.put(key, _string(value[0]))
            return
        last = value[-1]
        words = [token for token in value if token.kind in ("string", "called")]
        line = (words or value)[0].line
        if len(value) == 2 and last.kind == "string" and last.start > value[0].end + 1:
            frame.tally.put(key, _string(last))
        else:
            text = self.text[value[0].start : last.end].strip()
            # In a part of a script that is out of sight, a variable is set before a command.
            first = text.split(None, 1)[0]
            frame.tally.put(key, Scalar(first if mention_in(first) else text, line))


def read_braces(
    lines: Sequence[tuple[int, str]], *, heading: str = "", partial: bool = True
) -> Node:
    """The keys of lines by their brackets; `partial` when not all lines are in sight."""
    text = "".join(f"{line}\n" for _, line in lines)
    first = next((line for _, line in lines if line.strip()), "")
    indent = len(first) - len(first.lstrip())
    above = f"{heading}\n" if partial and indent and heading else ""
    reading = _BracketReading(above + text)
    reading.read(tokens_of(above, 0, 0))
    for frame in reading.frames[1:]:
        frame.is_above = True
    is_item = reading.frames[-1].bracket == "[" and _SETS_KEY.match(first) is not None
    if partial and indent and (indent > _STEP or len(reading.frames) == 1 or is_item):
        reading.open_unseen()
    numbers = [number for number, _ in lines]
    reading.read(numbered(tokens_of(text, 0, len(above)), numbers))
    tally = reading.finish()
    return _partial(Block(tally)) if partial else Block(tally)


def _string(token: Token) -> Node:
    if token.text.startswith("<<"):
        return text_node(token.text.partition("\n")[2].rpartition("\n")[0] + "\n", token.line + 1)
    mark = 3 if token.text.startswith('"""') else 1
    return text_node(token.text[mark:-mark], token.line)


def _node_of(frame: _Bracket) -> Node | None:
    items = flagged(frame.items)
    if frame.tally:
        if any(holds_version(leaf.value) for item in items for leaf in leaves(item)):
            frame.tally.put("argument", Rows(items, ListKind.REPEATED))
        block = Block(frame.tally)
        flag = _flag_of(frame)
        return Block({flag: block}) if flag else block
    if frame.is_plain_call and len(items) == len(frame.items) > 0:
        first, *others = items
        if not others:
            return first
        if isinstance(first, Scalar) and re.fullmatch(r"[A-Za-z_][\w.\-]*", first.value):
            return Block({first.value: others[0]})
    return Rows(items) if items else None


def _index_of(frame: _Bracket) -> str:
    """The name in an index, as in `attributes["kubernetes"]["version"]`; empty for what is none."""
    last = frame.outer[-1] if frame.outer else None
    if frame.bracket != "[" or frame.tally or len(frame.items) != 1 or last is None:
        return ""
    item = frame.items[0]
    is_index = last.kind in ("word", "index") and last.end == frame.begin - 1
    is_name = isinstance(item, Scalar) and not holds_version(item.value)
    return item.value if isinstance(item, Scalar) and is_index and is_name else ""


def _flag_of(frame: _Bracket) -> str:
    """The flag that a call declares, as `add_argument("--version", default="1")` does."""
    first = frame.items[0] if frame.bracket == "(" and frame.items else None
    is_flag = isinstance(first, Scalar) and re.fullmatch(r"--[\w\-]+", first.value)
    return first.value if isinstance(first, Scalar) and is_flag else ""


def _attach(parent: _Bracket, names: Sequence[str], node: Node, *, is_deep: bool) -> None:
    """Put what a bracket held into what is around it."""
    if not names and parent.bracket == "[":
        parent.items.append(node)
        return
    if (not names or is_deep) and isinstance(node, Block):
        for key, below in node.items.items():
            parent.tally.put(key, below)
        return
    for name in reversed(names[1:]):
        node = Block({name: node})
    if names:
        _merge(parent.tally, names[0], node)
    elif isinstance(node, Rows):
        parent.items += node.items
    else:
        parent.items.append(node)


def _merge(tally: Keys, key: str, node: Node) -> None:
    """Blocks of one kind come together as long as their labels differ."""
    there = tally.get(key)
    if isinstance(there, Block) and isinstance(node, Block):
        joined = Keys(there.items)
        for name, below in node.items.items():
            _merge(joined, name, below) if name in joined else joined.put(name, below)
        if len(node.items) == 1 or not (there.items.keys() & node.items.keys()):
            tally[key] = Block(joined)
            return
    tally.put(key, node)


def _partial(node: Node) -> Node:
    if isinstance(node, Block):
        return Block({key: _partial(below) for key, below in node.items.items()}, partial=True)
    if isinstance(node, Rows):
        return Rows(tuple(_partial(below) for below in node.items), node.kind)
    return node
