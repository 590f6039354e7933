"""Pairs of objects by which a policy is watched: one that it forbids and one that it allows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from upgrade_e2e.errors import BadInput

__all__ = ["GuardPair", "read_guard_pairs"]

_LONGEST_NAME = 30


@dataclass(frozen=True)
class GuardPair:
    """Two objects that differ in what a policy looks at.

    `name` is what the pair is called in streams; empty for the policy of our own. `policy` says for
    people whose the pair is. `forbidden` and `allowed` are manifests as JSON, so that a pair is a
    plain value. Only an answer that has `words` in it counts as the policy's refusal.
    """

    name: str
    policy: str
    forbidden: str
    allowed: str
    words: str


def read_guard_pairs(
    forbidden: Sequence[Path], allowed: Sequence[Path], words: Sequence[str]
) -> tuple[GuardPair, ...]:
    """The pairs of these manifests and words, which belong together by their order.

    Raises BadInput for numbers that differ, a file that is no manifest of one object, words that
    are empty, and a pair of equal objects.
    """
    if not len(forbidden) == len(allowed) == len(words):
        raise BadInput(
            "each policy takes one --guard-forbidden, one --guard-allowed and one --guard-words, "
            f"in the same order; {len(forbidden)}, {len(allowed)} and {len(words)} are given. Add "
            "what is missing."
        )
    names = _names(forbidden)
    return tuple(map(_pair, names, forbidden, allowed, words))


def _pair(name: str, forbidden: Path, allowed: Path, words: str) -> GuardPair:
    if not words.strip():
        raise BadInput(
            f"the words of the policy that forbids {forbidden} are empty; give a part of the "
            "message with which it refuses that object."
        )
    policy = f"the policy that forbids {forbidden.name}"
    pair = GuardPair(name, policy, _manifest(forbidden), _manifest(allowed), words)
    if pair.forbidden == pair.allowed:
        raise BadInput(
            f"{forbidden} and {allowed} are the same object; one is to be forbidden by the policy "
            "and the other one allowed."
        )
    return pair


def _names(files: Sequence[Path]) -> Iterator[str]:
    """A name for each file that no other one has."""
    taken: set[str] = set()
    for file in files:
        stem = re.sub(r"[^a-z0-9]+", "-", file.stem.lower())[:_LONGEST_NAME].strip("-") or "pair"
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name)
        yield name


def _manifest(file: Path) -> str:
    try:
        documents = [one for one in yaml.safe_load_all(file.read_text("utf-8")) if one is not None]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        said = " ".join(str(error).split())
        raise BadInput(
            f"the manifest {file} cannot be read ({said}); it is a file of YAML or JSON."
        ) from error
    if len(documents) != 1 or not _is_object(documents[0]):
        raise BadInput(
            f"{file} is no manifest of one object; it has apiVersion, kind and metadata.name, and "
            "no second document."
        )
    return json.dumps(documents[0], default=str)


def _is_object(document: Any) -> bool:
    if not isinstance(document, dict):
        return False
    meta = document.get("metadata")
    named = isinstance(meta, dict) and isinstance(meta.get("name"), str)
    return named and all(isinstance(document.get(key), str) for key in ("apiVersion", "kind"))
