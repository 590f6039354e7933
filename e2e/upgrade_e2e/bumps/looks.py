"""What looks like a Kubernetes version where no shape says so: words in keys and in values."""

from __future__ import annotations

import re

from upgrade_e2e.bumps.differences import Place, Sight
from upgrade_e2e.bumps.fitting import plain_key, value_at
from upgrade_e2e.bumps.nodes import UNSEEN
from upgrade_e2e.bumps.shapes import Looks, shipped_words
from upgrade_e2e.bumps.versions import Mention, mentions_named

__all__ = ["looks_like_it", "mentions_in_words", "names_it"]

_PROSE = re.compile(
    r"(name|description|title|summary|message|label|help|notes?|comment)$", re.IGNORECASE
)
"""Keys of texts for people."""
_SAYS_IT = re.compile(r"(kubernetes|k8s|(?<!mini)kube|eks|gke|aks|rke2|k3s|k0s)version")
_ATTRIBUTE = len(("resource", "type", "name", "key"))


def looks_like_it(place: Place, comment: str) -> bool:
    """Whether the nearest key that says something is that of a Kubernetes version."""
    if re.search(r"\b(kubernetes|k8s)\b", comment, re.IGNORECASE):
        return True
    if _SAYS_IT.search(plain_key(place.key)):
        return True
    looks = shipped_words()
    is_attribute = len(place.path) == _ATTRIBUTE and place.path[0] == "resource"
    if is_attribute and not _words(place.key) & looks.strong:
        # A Terraform resource is called provider_what, and then as its author likes.
        what = place.path[1].partition("_")[2]
        return _is_like(_words(what), looks) and not _words(place.key) - looks.vague
    for key in reversed(place.path[-3:]):
        words = _words(key) - {UNSEEN}
        if words - looks.vague:
            return _is_like(words, looks)
    kind = value_at(place.around[0], "kind") if place.around else None
    return _is_like(_words(kind or ""), looks)


def names_it(seen: Sight) -> bool:
    """Whether a value names it, or what a template puts in: `{{ .Values.kubernetesVersion }}`."""
    if _PROSE.search(seen.place.key):
        return False
    if mentions_named(seen.scalar.value):
        return True
    inside = (part.partition("}}") for part in seen.scalar.value.split("{{")[1:])
    names = (name for text, end, _ in inside if end for name in re.findall(r"[A-Za-z]\w+", text))
    return any(_is_like(_words(name), shipped_words()) for name in names)


def _is_like(words: set[str], looks: Looks) -> bool:
    return bool(words & looks.strong) and not words - looks.strong - looks.vague


def _words(key: str) -> set[str]:
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", key)
    return {word for word in re.split(r"[^a-z0-9]+", parts.lower()) if word}


def mentions_in_words(seen: Sight) -> list[Mention]:
    """The versions that a value names Kubernetes with, unless it is a text for people."""
    return [] if _PROSE.search(seen.place.key) else mentions_named(seen.scalar.value)
