"""Words, strings and signs of code, and what a statement of them is called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

__all__ = ["Token", "assignment", "key_of", "names_of", "numbered", "tokens_of"]

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/|(?<!\S)\#[^\n]*)"""
    r'''|(?P<string>"""(?:[^\\]|\\.)*?"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)'''
    r"""|(?P<heredoc><<[-~]?"?(?P<tag>[A-Z]\w*)"?\n(?:.*?\n)?[ \t]*(?P=tag)\b)"""
    r"""|(?P<open>[({\[])|(?P<close>[)}\]])|(?P<end>[,;])|(?P<newline>\n)"""
    r"""|(?P<other>==|!=|<=|>=)|(?P<sets>:=|\?=|=>|=)|(?P<colon>:)|(?P<word>[\w.$&@/*+\-]+)""",
    re.DOTALL,
)
_DECLARES = {"param", "var", "const", "let", "val", "output", "final", "export"}


@dataclass(frozen=True)
class Token:
    """A word, string or sign, its line, and where it begins and ends in the text."""

    kind: str
    text: str
    line: int
    start: int
    end: int


def tokens_of(text: str, line: int, shift: int) -> Iterator[Token]:
    """The tokens of a text that begins in a line, and `shift` characters into another text."""
    for match in _TOKEN.finditer(text):
        kind = "string" if match["heredoc"] else match.lastgroup or "word"
        yield Token(kind, match[0], line, match.start() + shift, match.end() + shift)
        line += match[0].count("\n")


def numbered(tokens: Iterator[Token], numbers: Sequence[int]) -> Iterator[Token]:
    """The same with the numbers that their lines have in the file."""
    for token in tokens:
        line = numbers[min(token.line, len(numbers) - 1)] if numbers else 0
        yield Token(token.kind, token.text, line, token.start, token.end)


def assignment(tokens: Sequence[Token]) -> int | None:
    """Where the sign is that sets a key; `:` counts where there is no `=`."""
    for kind in ("sets", "colon"):
        for index, token in enumerate(tokens):
            if token.kind == kind and index:
                return index
    return None


def key_of(tokens: Sequence[Token]) -> str:
    """The key that is set, by the tokens before the sign that sets it."""
    colon = next((n for n, token in enumerate(tokens) if token.kind == "colon"), None)
    tokens = tokens[:colon] if colon else tokens
    if tokens[-1].kind == "string":
        return tokens[-1].text.strip("\"'`")
    if tokens[-1].kind == "index":
        names = takewhile(lambda token: token.kind == "index", reversed(tokens))
        return ".".join(reversed([token.text for token in names]))
    words = [token.text for token in tokens if token.kind == "word"]
    while len(words) > 1 and words[0] in _DECLARES:
        words.pop(0)
        if words[0] not in _DECLARES:
            return words[0].rsplit(".", 1)[-1]
    return (words or [""])[-1].rsplit(".", 1)[-1].lstrip("&*@$")


def names_of(tokens: Sequence[Token], bracket: str) -> tuple[tuple[str, ...], bool]:
    """What a bracket is called, by the statement before it; and whether it is a value."""
    at = assignment(tokens)
    if at is not None:
        called = [token.text for token in tokens[at + 1 :] if token.kind == "word"]
        names = [key_of(tokens[:at])]
        if chain := _chain(called):
            names += chain
        elif called and re.search(r"[.A-Z]", called[-1]):
            names.append(called[-1].lstrip("&*"))
        return tuple(names), True
    words = [token.text.lstrip("&*") for token in tokens if token.kind == "word"]
    labels = [token.text.strip("\"'`") for token in tokens if token.kind == "string"]
    if bracket == "{" and labels:
        return (*words, *labels), False
    return _chain(words) or tuple(words[-1:]), False


def _chain(words: Sequence[str]) -> tuple[str, ...]:
    """What a builder is called and its method that takes a version; else nothing."""
    is_version = len(words) > 1 and re.fullmatch(r"\.\w*version", words[-1], re.IGNORECASE)
    return (words[0].lstrip("&*"), words[-1].lstrip(".")) if is_version else ()
