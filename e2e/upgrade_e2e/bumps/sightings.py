"""What each changed value of a file means: a cluster's version, something else, or unknown."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from upgrade_e2e.bumps.changes import ChangedFile, Excerpt, Side
from upgrade_e2e.bumps.differences import Change, Place, Sight, compare
from upgrade_e2e.bumps.fitting import Fit, plain_key, value_at
from upgrade_e2e.bumps.looks import looks_like_it, mentions_in_words, names_it
from upgrade_e2e.bumps.nodes import UNSEEN, Scalar
from upgrade_e2e.bumps.readers import read_side
from upgrade_e2e.bumps.shapes import Meaning, Shape
from upgrade_e2e.bumps.versions import (
    Mention,
    holds_version,
    mention_in,
    mentions_inside,
)

__all__ = ["MOST_VERSIONS", "NEVER_NAMED", "Sighting", "TooMany", "Turn", "turns_of"]

_TAG_KEYS = re.compile(r"^(image)?_?(tag|newtag|version)$", re.IGNORECASE)
_REPOSITORY_KEYS = ("repository", "repo", "image", "imagename", "newname", "name", "hub")
_CHANNEL = re.compile(r"channel", re.IGNORECASE)
NEVER_NAMED = (Meaning.PACKAGE, Meaning.ADDON, Meaning.GENERATED)
"""What changes every day, so that naming it would hide the rest."""
MOST_VERSIONS = 3000
"""Changed values with versions that are judged in one file."""
_VALUES = ("value", "default", "defaultvalue", "parametervalue", "version")
_COMMENT = re.compile(r"(?:^|\s)(?:#|//|;|<!--)(.*)$")


@dataclass(frozen=True)
class Sighting:
    """A value of one side: where it stands, the version in it, and what that is.

    `shape` is the row that says so, None when none does. `is_like` when it may be a cluster's
    version: the words around it look like it, or a row fits as far as can be seen.
    """

    file: str
    seen: Sight
    mention: Mention | None
    shape: Shape | None
    is_like: bool

    @property
    def line(self) -> int:
        """Its line in the file."""
        return self.seen.scalar.line

    @property
    def key(self) -> str:
        """Its keys, for people."""
        return ".".join(self.seen.place.path) or "the whole file"

    @property
    def is_cluster(self) -> bool:
        """Whether it is for certain the version of a cluster."""
        return (
            self.mention is not None
            and self.shape is not None
            and self.shape.means is Meaning.CLUSTER
        )


@dataclass(frozen=True)
class Turn:
    """A value that changed, as both sides see it; None where it was not, or no longer is."""

    before: Sighting | None
    after: Sighting | None

    @property
    def last(self) -> Sighting:
        """The newer side that is there."""
        sighting = self.after or self.before
        assert sighting is not None  # noqa: S101  (a change has a side)
        return sighting


class TooMany(ValueError):
    """More versions change in a file than are worth judging one by one."""


def turns_of(file: ChangedFile, shapes: Sequence[Shape], *, is_named: bool) -> Iterator[Turn]:
    """The changed values of a file that have to do with versions.

    Raises TooMany for a file that is data rather than settings.

    `is_named` for a file that the user named as holding versions: in it each version that no
    shape explains may be a cluster's.
    """
    judge = _Judge([one for one in shapes if one.is_for(file.path)], is_named=is_named)
    if judge.is_settled:
        return
    count = 0
    for excerpt in file.excerpts:
        texts = (excerpt.before.text, excerpt.after.text)
        if any(holds_version(text) or _CHANNEL.search(text) for text in texts):
            for turn in _turns(file, excerpt, judge):
                count += 1
                if count > MOST_VERSIONS:
                    raise TooMany
                yield turn


def _turns(file: ChangedFile, excerpt: Excerpt, judge: _Judge) -> Iterator[Turn]:
    before, after = (
        read_side(path, side, heading=excerpt.heading, whole=excerpt.whole) if path else None
        for path, side in (
            (file.path_before, excerpt.before),
            (file.path_after, excerpt.after),
        )
    )
    old, new = _Comments(excerpt.before), _Comments(excerpt.after)
    for change in compare(before, after):
        for mentions in _mentions(change):
            if not any(mentions) and not (change.before and change.after):
                continue
            turn = Turn(
                judge.sighting(file.path_before, change.before, mentions[0], old),
                judge.sighting(file.path_after, change.after, mentions[1], new),
            )
            if any(mentions) or _is_channel(turn):
                yield turn


def _mentions(change: Change) -> Sequence[tuple[Mention | None, Mention | None]]:
    """The version on each side; of several in an expression, those that changed."""
    before, after = _mention(change.before), _mention(change.after)
    if before or after or not (change.before and change.after):
        return [(before, after)]
    inside = (mentions_inside(side.scalar.value) for side in (change.before, change.after))
    if ways := _ways(*inside):
        return ways
    ways = _ways(mentions_in_words(change.before), mentions_in_words(change.after))
    return ways or [(None, None)]


def _ways(
    olds: Sequence[Mention], news: Sequence[Mention]
) -> Sequence[tuple[Mention | None, Mention | None]]:
    """Which version became which; where there are more or fewer, of those that went and came."""
    if len(olds) != len(news):
        gone = [one for one in olds if one not in news]
        olds, news = gone, [one for one in news if one not in olds]
    return [way for way in zip_longest(olds, news) if way[0] != way[1]]


def _is_channel(turn: Turn) -> bool:
    return any(
        side is not None and side.shape is not None and side.shape.means is Meaning.CHANNEL
        for side in (turn.before, turn.after)
    )


def _mention(seen: Sight | None) -> Mention | None:
    if seen is None:
        return None
    return mention_in(seen.scalar.value) or _mention_in_key(seen)


def _mention_in_key(seen: Sight) -> Mention | None:
    """The version that is itself a key: of a list of versions, and what is said of each."""
    return mention_in(seen.place.key)


class _Comments:
    """The comments at the lines of one side."""

    def __init__(self, side: Side) -> None:
        self._lines: Mapping[int, str] = dict(side.lines)

    def at(self, line: int) -> str:
        """The comment behind a line, and those right above it."""
        words = [self._comment(line, alone=False)]
        above = line - 1
        while text := self._comment(above, alone=True):
            words.append(text)
            above -= 1
        return " ".join(word for word in words if word)

    def _comment(self, line: int, *, alone: bool) -> str:
        text = self._lines.get(line, "")
        if alone and not re.match(r"\s*(#|//|;|<!--)", text):
            return ""
        found = _COMMENT.search(text)
        return found[1].strip() if found else ""


@dataclass(frozen=True)
class _Judge:
    """The shapes, asked for each value."""

    shapes: Sequence[Shape]
    is_named: bool

    @property
    def is_settled(self) -> bool:
        """Whether nothing in the file can be worth a word, whatever it holds."""
        first = self.shapes[0] if self.shapes else None
        return first is not None and first.is_about_files and first.means in NEVER_NAMED

    def sighting(
        self, file: str, seen: Sight | None, mention: Mention | None, comments: _Comments
    ) -> Sighting | None:
        """A value with what it means; None where there is none."""
        if seen is None:
            return None
        place, value = seen.place, seen.scalar.value
        comment = comments.at(seen.scalar.line)
        if mention is not None and mention == _mention_in_key(seen):
            above = dataclasses.replace(place, path=place.path[:-1])
            return Sighting(
                file, seen, mention, None, self.is_named or looks_like_it(above, comment)
            )
        image = _image_of(place, mention)
        is_hidden = False
        for called in _called(place):
            for shape in self.shapes:
                fit = shape.fit(file, called, value, image, comment)
                if fit is Fit.YES:
                    return Sighting(file, seen, mention, shape, is_like=False)
                if fit is Fit.MAYBE and shape.means is Meaning.CLUSTER:
                    is_hidden = is_hidden or _is_all_but_seen(shape, called)
        looks = self.is_named or names_it(seen)
        looks = looks or any(looks_like_it(called, comment) for called in _called(place))
        return Sighting(file, seen, mention, None, is_like=is_hidden or looks)


def _called(place: Place) -> Sequence[Place]:
    """A place as it is and, for the value of a pair of name and value, as if the name were its key.

    So are the variables of a container, the parameters of a pipeline and lists of components.
    """
    if not place.around or plain_key(place.key) not in _VALUES:
        return [place]
    names = (value_at(place.around[-1], key) for key in ("name", "parameterkey"))
    found = next((name for name in names if name), "")
    return [place, dataclasses.replace(place, path=(*place.path[:-1], found))] if found else [place]


def _is_all_but_seen(shape: Shape, place: Place) -> bool:
    """Whether the keys fit a shape, and only what stands next to them is out of sight."""
    words = [word for word in shape.path.split(".") if word.strip("*")]
    near = place.path[-2:]
    return (len(words) > 1 and shape.fit_path(place) is Fit.YES) or (
        bool(shape.key and shape.under) and len(near) > 1 and UNSEEN not in near
    )


def _image_of(place: Place, mention: Mention | None) -> str:
    """The repository that a value is a tag of: in the value itself, or next to its key."""
    if mention is None or mention.image or not place.around:
        return mention.image if mention else ""
    if not _TAG_KEYS.match(place.key):
        return ""
    items = place.around[-1].in_any_letters
    is_tag = "tag" in place.key.lower()
    for key in _REPOSITORY_KEYS:
        node = items.get(key)
        if isinstance(node, Scalar) and (is_tag or "/" in node.value) and "://" not in node.value:
            return (
                node.value.rpartition(":")[0]
                if key == "image" and ":" in node.value
                else node.value
            )
    return ""
