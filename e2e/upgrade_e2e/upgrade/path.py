"""Upgrade paths: which versions are walked, and what Kubernetes forbids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from upgrade_e2e.errors import BadInput, ImpossiblePath
from upgrade_e2e.version import KubeVersion, MinorVersion, newest_patch

__all__ = ["Hop", "Path", "resolve"]


@dataclass(frozen=True)
class Hop:
    """One arrow of a path: in place from `source` to `target`."""

    source: KubeVersion
    target: KubeVersion

    def __str__(self) -> str:
        return f"{self.source}->{self.target}"


@dataclass(frozen=True)
class Path:
    """The versions walked, oldest first; two or more.

    Raises ImpossiblePath for a hop to the same version, in which nothing would happen, and for a
    downgrade or a skipped minor: kubeadm supports neither
    (https://kubernetes.io/releases/version-skew-policy/).
    """

    versions: tuple[KubeVersion, ...]

    def __post_init__(self) -> None:
        if len(self.versions) < 2:
            raise BadInput("an upgrade path needs two versions at least, like v1.33.7,v1.34.3.")
        for source, target in pairwise(self.versions):
            _check_hop(source, target)

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The arrows, in order."""
        return tuple(Hop(source, target) for source, target in pairwise(self.versions))

    @property
    def id(self) -> str:
        """A name that is fit for files, test ids and cluster labels."""
        return "-".join(str(version) for version in self.versions)

    def __str__(self) -> str:
        return " -> ".join(str(version) for version in self.versions)


def _check_hop(source: KubeVersion, target: KubeVersion) -> None:
    minors = target.minors_after(source)
    if target == source:
        raise ImpossiblePath(
            f"{source} -> {target} changes no version, so there is nothing to watch; give a newer "
            f"patch of {source.minor_version}, or a version of {source.minor_version.next()}."
        )
    if target < source:
        raise ImpossiblePath(
            f"{source} -> {target} is a downgrade, which kubeadm does not support; "
            f"the other way round works: {target} -> {source}."
        )
    if minors > 1:
        raise ImpossiblePath(
            f"{source} -> {target} skips {minors - 1} minor release(s), which kubeadm does not "
            f"support; go through every minor: {_stairs(source, target)}."
        )


def _stairs(source: KubeVersion, target: KubeVersion) -> str:
    steps = [str(source)]
    minor = source.minor_version.next()
    while minor < target.minor_version:
        steps.append(str(minor))
        minor = minor.next()
    return " -> ".join([*steps, str(target)])


def resolve(words: Sequence[str], known: Sequence[KubeVersion]) -> Path:
    """The path that `words` mean; a bare minor (`v1.34`) is the newest patch among `known`."""
    versions = tuple(_resolve_version(word, known) for word in words)
    return Path(versions)


def _resolve_version(word: str, known: Sequence[KubeVersion]) -> KubeVersion:
    try:
        minor = MinorVersion.parse(word)
    except BadInput:
        return KubeVersion.parse(word)
    return newest_patch(minor, list(known))
