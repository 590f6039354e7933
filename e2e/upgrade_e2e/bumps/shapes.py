"""What a changed value means, by rows of shapes.toml and of the user's configuration."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from importlib import resources
from typing import Any

from upgrade_e2e.bumps.changes import matches
from upgrade_e2e.bumps.differences import Place
from upgrade_e2e.bumps.fitting import Fit, fit_beside, fit_keys, fit_root, is_image, plain_key
from upgrade_e2e.bumps.nodes import UNSEEN
from upgrade_e2e.errors import BadInput

__all__ = [
    "DECIDING",
    "MEANINGS",
    "Meaning",
    "Shape",
    "key_shape",
    "read_rules",
    "shipped_shapes",
]


class Meaning(Enum):
    """What a version is that of; only a cluster's is walked."""

    CLUSTER = "the Kubernetes version of a cluster"
    CLIENT = "a client"
    ADDON = "an addon or another program"
    CONSTRAINT = "a constraint, not a version that runs"
    PACKAGE = "the version of a package, chart, module or document"
    DOCUMENTATION = "documentation"
    TESTS = "test data"
    GENERATED = "a generated file"
    WINDOW = "a row of versions that tests run on"
    CHANNEL = "a channel or source of packages, which alone does not say what runs"


DECIDING = (
    "files", "path", "key", "under", "beside", "document", "image", "value", "comment", "rows",
)  # fmt: skip
"""The keys of which a row has one at least, so that it does not fit everything."""
_FIELDS = {"name", "means", "example", *DECIDING}
MEANINGS = {meaning.name.lower(): meaning for meaning in Meaning}


@dataclass(frozen=True)
class Shape:
    """One row: all that it says must hold.

    `files` are patterns of the file's path. `path` are the keys from the root, with `*` for one
    and `**` for any number. `key` and `under` are expressions for the last key and the one above
    it, in small letters without - and _. `beside` and `document` are patterns for values in the
    same block (`../` goes one up) and at the root. `image` are patterns of the repository,
    `value` and `comment` expressions for the whole value and for the comment at it. `rows` asks
    for one of several `values` of a list, or for a place `in` an item of a list of several, or
    next to a list of several versions, or for one of several `named` blocks with a version.
    """

    name: str
    means: Meaning
    files: tuple[str, ...] = ()
    path: str = ""
    key: str = ""
    under: str = ""
    beside: Mapping[str, str] = field(default_factory=dict)
    document: Mapping[str, str] = field(default_factory=dict)
    image: tuple[str, ...] = ()
    value: str = ""
    comment: str = ""
    rows: str = ""
    example: Mapping[str, str] = field(default_factory=dict)

    def is_for(self, file: str) -> bool:
        """Whether this shape is asked about a file at all."""
        return not self.files or any(matches(file, pattern) for pattern in self.files)

    @property
    def is_about_files(self) -> bool:
        """Whether it says the same of every value in its files, and so needs none of them."""
        return bool(self.files) and not any(
            getattr(self, name) for name in DECIDING if name != "files"
        )

    def fit(self, file: str, place: Place, value: str, image: str, comment: str) -> Fit:
        """How this shape fits a value in its place; `image` is empty for what is no image."""
        if not (self.is_for(file) and self._fits_image(image)):
            return Fit.NO
        if not self._fits_words(place, value, comment):
            return Fit.NO
        fits = [self.fit_path(place), self._fit_under(place)]
        fits += [fit_beside(place, name, wanted) for name, wanted in self.beside.items()]
        fits += [fit_root(place, name, wanted) for name, wanted in self.document.items()]
        fit = min(fits, key=lambda fit: fit.value)
        # Last, as it looks through all that is around the place.
        return fit if fit is Fit.NO or self._fits_rows(place) else Fit.NO

    def _fits_image(self, image: str) -> bool:
        return not self.image or any(is_image(image, pattern) for pattern in self.image)

    def _fits_words(self, place: Place, value: str, comment: str) -> bool:
        words = ((self.value, value), (self.comment, comment), (self.key, plain_key(place.key)))
        return all(re.search(wanted, word) for wanted, word in words if wanted)

    def _fits_rows(self, place: Place) -> bool:
        if self.rows == "in":
            return place.listed > 1 or place.most_beside > 1
        if self.rows == "named":
            return place.named_rows > 1
        return not self.rows or place.rows > 1

    def fit_path(self, place: Place) -> Fit:
        """How the keys alone fit."""
        if not self.path or ".".join(place.path) == self.path:
            return Fit.YES
        return fit_keys(tuple(self.path.split(".")), place.path)

    def _fit_under(self, place: Place) -> Fit:
        if not self.under:
            return Fit.YES
        above = place.path[-2] if len(place.path) > 1 else ""
        if above == UNSEEN:
            return Fit.MAYBE
        return Fit.YES if re.search(self.under, plain_key(above)) else Fit.NO


@dataclass(frozen=True)
class Looks:
    """Words in keys: `strong` ones look like Kubernetes, `vague` ones may be in any key."""

    strong: frozenset[str]
    vague: frozenset[str]


@cache
def shipped_shapes() -> tuple[Shape, ...]:
    """The rows of shapes.toml, in its order: the first that fits a value counts."""
    return tuple(_row(row, "shapes.toml") for row in _shipped()["shape"])


@cache
def shipped_words() -> Looks:
    """The words of shapes.toml."""
    words = _shipped()["words"]
    return Looks(frozenset(words["strong"]), frozenset(words["vague"]))


@cache
def _shipped() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("shapes.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def read_rules(rows: Any, where: str) -> tuple[Shape, ...]:
    """Rows of a user's table `bump-rules`; raises BadInput for one that cannot be read."""
    if not isinstance(rows, Sequence) or not all(isinstance(row, Mapping) for row in rows):
        raise BadInput(
            f"{where}: bump-rules is {rows!r}; write tables such as "
            '[[bump-rules]] with files = ["infra/*.yaml"] and path = "platform.release".'
        )
    return tuple(_row({"means": "cluster", **row}, where) for row in rows)


def key_shape(path: str) -> Shape:
    """The shape of a whole path that the user named: `spec.topology.version`."""
    plain = re.sub(r"\[[^\]]*\]", "", path).strip(".")
    if not plain:
        raise BadInput(f"--key {path!r} is no path; write all keys, like spec.topology.version.")
    return Shape(f"--key {path}", Meaning.CLUSTER, path=plain)


def _row(row: Mapping[str, Any], where: str) -> Shape:
    if unknown := sorted(row.keys() - _FIELDS):
        raise BadInput(
            f"{where}: a row of bump-rules has the unknown key {unknown[0]!r}; known are "
            f"{', '.join(sorted(_FIELDS - {'example'}))}."
        )
    means = MEANINGS.get(str(row.get("means")))
    if means is None:
        raise BadInput(
            f"{where}: means = {row.get('means')!r} in a row of bump-rules is none of "
            f"{', '.join(MEANINGS)}."
        )
    if not row.keys() & set(DECIDING):
        raise BadInput(
            f"{where}: a row of bump-rules fits everything; give it one of {', '.join(DECIDING)}."
        )
    values = {key: _checked(key, value, where) for key, value in row.items() if key != "means"}
    values.setdefault("name", f"bump-rules: {row.get('path') or row.get('key') or 'files'}")
    return Shape(means=means, **values)


def _checked(key: str, value: Any, where: str) -> Any:
    """A value of a row, of the type that its key has."""
    if key in ("files", "image"):
        value = (value,) if isinstance(value, str) else value
        value = tuple(value) if isinstance(value, list) else value
        is_right = isinstance(value, tuple) and all(isinstance(word, str) for word in value)
    elif key in ("beside", "document", "example"):
        is_right = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    else:
        is_right = isinstance(value, str) and (key != "rows" or value in ("values", "in", "named"))
    if not is_right:
        raise BadInput(f"{where}: {key} = {value!r} in a row of bump-rules cannot be used.")
    if key in ("key", "under", "value", "comment"):
        _require_expression(key, value, where)
    return value


def _require_expression(key: str, value: str, where: str) -> None:
    try:
        re.compile(value)
    except re.error as error:
        raise BadInput(f"{where}: {key} = {value!r} is no regular expression: {error}.") from error
