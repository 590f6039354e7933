"""Where text on the page may break over lines."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

__all__ = ["breakable"]

_FITS = 30
"""A word of so many characters fits a cell; a longer one may break at more places."""
_WORD = re.compile(r"\S+")
_UNDERSCORE = re.compile(r"(?<=_)(?=[^_])")
_PUNCTUATION = re.compile(r"(?<=[/@:=,;&.])")
_BREAK = Markup("<wbr>")


def breakable(text: object) -> Markup:
    """HTML in which a name may break after each underscore, and not inside its words.

    A part that is still long also breaks after `/ @ : = , ; & .`, and inside if it does not fit a
    line even so.
    """
    found = str(text)
    pieces, done = Markup(), 0
    for word in _WORD.finditer(found):
        pieces += escape(found[done : word.start()]) + _word(word.group())
        done = word.end()
    return pieces + escape(found[done:])


def _word(word: str) -> Markup:
    return _BREAK.join(_part(part) for part in _UNDERSCORE.split(word))


def _part(part: str) -> Markup:
    if len(part) <= _FITS:
        return escape(part)
    return _BREAK.join(_piece(piece) for piece in _PUNCTUATION.split(part) if piece)


def _piece(piece: str) -> Markup:
    if len(piece) <= _FITS:
        return escape(piece)
    return Markup('<span class="long">{}</span>').format(piece)
