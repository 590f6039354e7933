"""Comments, strings and heredocs: where each ends, or that it never does."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property

__all__ = ["Endings"]

_INSIDE = {
    "/*": (re.compile(r"[^*]*(?:\*(?!/)[^*]*)*"), "*/"),
    '"""': (re.compile(r'[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*', re.DOTALL), '"""'),
    '"': (re.compile(r'[^"\\\n]*(?:\\.[^"\\\n]*)*', re.DOTALL), '"'),
    "'": (re.compile(r"[^'\\\n]*(?:\\.[^'\\\n]*)*", re.DOTALL), "'"),
    "`": (re.compile(r"[^`]*"), "`"),
}
"""By what begins it: what may stand inside, and what ends it."""
_LINE_TAG = re.compile(r"\n[ \t]*([A-Z]\w*)")


class Endings:
    """The ends in one text; however many have none, no part of it is searched again and again."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._endless: dict[str, int] = {}

    def of(self, opener: str, begin: int) -> int | None:
        """Where it ends whose inside begins there; None where nothing ends it.

        A search that failed holds for all that begins before the place where it stopped: what is a
        quote to one that begins further in is an escaped one to the first, so both read the rest
        alike.
        """
        if begin <= self._endless.get(opener, -1):
            return None
        inside, closer = _INSIDE[opener]
        found = inside.match(self._text, begin)
        stop = found.end() if found else begin
        if self._text.startswith(closer, stop):
            return stop + len(closer)
        self._endless[opener] = stop
        return None

    def of_heredoc(self, tag: str, begin: int) -> int | None:
        """Where the first line, from `begin` on, that starts with the tag has its end of it."""
        ends = self._tags.get(tag, ())
        at = bisect_right(ends, begin)
        return ends[at] if at < len(ends) else None

    @cached_property
    def _tags(self) -> Mapping[str, Sequence[int]]:
        """By each word that a line starts with and that may be a tag: where it ends."""
        found = defaultdict(list)
        for match in _LINE_TAG.finditer(self._text):
            found[match[1]].append(match.end())
        return found
