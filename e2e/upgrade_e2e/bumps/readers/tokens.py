"""Words, strings and signs of code, and what a statement of them is called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from upgrade_e2e.bumps.readers.endings import Endings

__all__ = ["Token", "assignment", "key_of", "names_of", "numbered", "tokens_of"]

_WORD = re.compile(r"[\w.$&@/*+\-]+")
_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|(?<!\S)\#[^\n]*)|(?P<opener>/\*|"{3}|["'`])"""
    r"""|(?P<heredoc><<[-~]?"?(?P<tag>[A-Z]\w*)"?\n)"""
    r"""|(?P<open>[({\[])|(?P<close>[)}\]])|(?P<end>[,;])|(?P<newline>\n(?:\s*\n)?)"""
    rf"""|(?P<other>==|!=|<=|>=)|(?P<sets>:=|\?=|=>|=)|(?P<colon>:)|(?P<word>{_WORD.pattern})"""
)
"""Lines that are blank belong to the end of the line before them."""
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
    endings = Endings(text)
    end = 0
    while match := _TOKEN.search(text, end):
        begin = match.start()
        kind, end = _whole(match, endings)
        if kind:
            yield Token(kind, text[begin:end], line, begin + shift, end + shift)
            line += text.count("\n", begin, end)


def _whole(match: re.Match[str], endings: Endings) -> tuple[str, int]:
    """The kind of what begins there, and its end; no kind for a sign that stands for nothing."""
    kind, begin = match.lastgroup or "word", match.start()
    if kind == "heredoc":
        end = endings.of_heredoc(match["tag"], match.end())
        return ("string", end) if end else ("", begin + 1)
    if kind != "opener":
        return kind, match.end()
    if end := endings.of(match[0], match.end()):
        return ("comment" if match[0] == "/*" else "string"), end
    if match[0] == '"""':
        return "string", begin + 2  # an empty one, and a quote
    word = _WORD.match(match.string, begin)
    return ("word", word.end()) if word else ("", begin + 1)


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
