"""The files that a change touches, each before and after it, out of a unified diff."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk, PatchedFile, PatchSet

from upgrade_e2e.errors import BadInput

__all__ = ["LARGEST", "ChangedFile", "Excerpt", "Side", "decode_diff", "matches", "read_diff"]

LARGEST = 1_000_000
"""Characters of a file that are parsed whole; of a larger one only what is near the changes."""
_NEAR = 40
"""Lines around a change that are kept of a larger file."""

_COLOUR = re.compile(r"^\x1b\[", re.MULTILINE)
_COMBINED = re.compile(r"^@@@", re.MULTILINE)
_WORD_DIFF = re.compile(r"^(?>[^\n]*?\[-)[^\n]*-\]\{\+", re.MULTILINE)
_GIT_LINE = re.compile(
    r"^diff --git [^\n]*\n(?=(?:(?:index|old mode|new mode) [^\n]*\n)*--- )", re.MULTILINE
)
_PLAIN = "give what `git diff --no-color main...HEAD` prints."
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True)
class Side:
    """The lines of one side of an excerpt, each with its number in the file."""

    lines: tuple[tuple[int, str], ...] = ()

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "".join(f"{text}\n" for _, text in self.lines)


@dataclass(frozen=True)
class Excerpt:
    """A part of a file on both sides; `whole` when nothing above it is out of sight.

    `heading` is the line that diff names behind the second @@: the block that the part begins in.
    """

    before: Side
    after: Side
    whole: bool
    heading: str = ""


@dataclass(frozen=True)
class ChangedFile:
    """A file that a change touches; a path is empty on the side where it does not exist."""

    path_before: str
    path_after: str
    excerpts: tuple[Excerpt, ...]
    is_binary: bool = False

    @property
    def path(self) -> str:
        """What the file is called now, or was called when it is gone."""
        return self.path_after or self.path_before


@lru_cache(maxsize=50_000)
def matches(path: str, pattern: str) -> bool:
    """Whether a path is like a pattern, as git and editors read it: `*.tf`, `infra/**/*.yaml`.

    A pattern without a slash is the name of a file in any folder. `*` stays within a folder,
    `**` is any number of folders.
    """
    if "/" not in pattern:
        return re.fullmatch(_regex(pattern), PurePosixPath(path).name) is not None
    return re.fullmatch(_regex(pattern.lstrip("/")), path) is not None


def _regex(pattern: str) -> str:
    words = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|/\*\*$|\*\*|\*|\?)", pattern)
    return "".join(words.get(part) or re.escape(part) for part in parts)


def decode_diff(data: bytes, name: str) -> str:
    """The text of a diff: UTF-8, or UTF-16 as PowerShell writes it, with any line ends.

    What is no UTF-8 in between, as a file in an old encoding, is replaced: versions are ASCII.
    Raises BadInput for data that is no text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
    elif data[1:200:2].count(0) > len(data[1:200:2]) // 2:
        text = data.decode("utf-16-le", errors="replace")
    else:
        text = data.decode("utf-8-sig", errors="replace")
    if "\0" in text:
        raise BadInput(f"{name} is binary, not a diff; {_PLAIN}")
    return text


def read_diff(diff: str) -> tuple[ChangedFile, ...]:
    """The files of a unified diff, in its order.

    Raises BadInput for what is no unified diff, is cut off, or has colour codes in it.
    """
    if _COLOUR.search(diff):
        raise BadInput(f"the diff has colour codes in it; {_PLAIN}")
    if _COMBINED.search(diff):
        raise BadInput(
            "this is the combined diff of a merge; give the diff against one parent, like "
            "`git diff main...HEAD`."
        )
    text = diff.replace("\r\n", "\n").lstrip("\ufeff")
    try:
        patch = _patch_of(text)
    except UnidiffParseError as error:
        raise BadInput(f"this is not a unified diff, or not all of it ({error}); {_PLAIN}") from (
            error
        )
    if text.strip() and not patch and "diff --git " not in text:
        raise BadInput(f"this is not a unified diff; {_PLAIN}")
    if _WORD_DIFF.search(text):
        _refuse_word_diff(patch)
    return tuple(_changed_file(file) for file in patch)


def _patch_of(text: str) -> PatchSet:
    try:
        return PatchSet(text)
    except UnidiffParseError:
        # Where names have spaces and no a/ and b/, nobody can say where the first one ends in the
        # line `diff --git`. The lines after it have both names.
        return PatchSet(_GIT_LINE.sub("", text))


def _refuse_word_diff(patch: PatchSet) -> None:
    if not any(
        line.is_added or line.is_removed for file in patch for hunk in file for line in hunk
    ):
        raise BadInput(f"this is a diff of words, not of lines; {_PLAIN}")


def _changed_file(file: PatchedFile) -> ChangedFile:
    before, after = _paths(file)
    hunks = list(file)
    first = len(hunks) == 1 and hunks[0].source_start <= 1 and hunks[0].target_start <= 1
    excerpts = tuple(excerpt for hunk in hunks for excerpt in _excerpts(hunk, whole=first))
    return ChangedFile(before, after, excerpts, file.is_binary_file)


def _paths(file: PatchedFile) -> tuple[str, str]:
    source, target = _unquoted(file.source_file or ""), _unquoted(file.target_file or "")
    before, after = source.partition("/")[2], target.partition("/")[2]
    prefixes = {source[:2], target[:2]} - {"/d"}
    # git writes a/ and b/, or with diff.mnemonicPrefix the letter of what is compared; a folder
    # that is really called `a` has the same name on both sides.
    is_prefixed = all(re.fullmatch(r"[abciow12]/", prefix) for prefix in prefixes)
    same = source[:2] == target[:2]
    if not is_prefixed or same:
        before, after = source, target
    gone, new = source == "/dev/null", target == "/dev/null"
    return "" if gone else before, "" if new else after


def _unquoted(name: str) -> str:
    """A path as it is; git puts one with unusual letters into quotes, in octal."""
    if not name.startswith('"'):
        return name
    data = bytearray()
    for match in re.finditer(r'\\([0-7]{3})|\\(.)|([^\\"])', name):
        octal, letter, plain = match.groups()
        if octal:
            data.append(int(octal, 8))
        else:
            data += (_ESCAPES.get(letter, letter) if letter else plain).encode()
    return data.decode("utf-8", errors="replace")


def _excerpts(hunk: Hunk, *, whole: bool) -> Iterator[Excerpt]:
    lines = [
        (
            line.line_type,
            line.source_line_no or 0,
            line.target_line_no or 0,
            line.value.rstrip("\n"),
        )
        for line in hunk
        if line.line_type in " +-"
    ]
    heading = str(hunk.section_header).strip()
    if sum(len(line[3]) for line in lines) <= 2 * LARGEST:
        yield _excerpt(lines, heading, whole=whole)
        return
    for start, end in _near(lines):
        # What was cut away may be anything, so the heading no longer holds.
        yield _excerpt(lines[start:end], "" if start else heading, whole=False)


def _excerpt(lines: Sequence[tuple[str, int, int, str]], heading: str, *, whole: bool) -> Excerpt:
    before = tuple((old, text) for kind, old, _, text in lines if kind != "+")
    after = tuple((new, text) for kind, _, new, text in lines if kind != "-")
    return Excerpt(Side(before), Side(after), whole, heading)


def _near(lines: Sequence[tuple[str, int, int, str]]) -> Iterator[tuple[int, int]]:
    """Ranges of lines around the changes of a hunk, as far apart as they are."""
    start = end = None
    for index, line in enumerate(lines):
        if line[0] == " ":
            continue
        if end is not None and start is not None and index - _NEAR > end:
            yield start, end
            start = None
        start = max(0, index - _NEAR) if start is None else start
        end = index + _NEAR + 1
    if start is not None and end is not None:
        yield start, end
