"""Kubernetes versions: parsing, order and skew arithmetic."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import total_ordering

from upgrade_e2e.errors import BadInput

__all__ = ["KubeVersion", "MinorVersion", "newest_patch"]

_FULL = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?")
_MINOR = re.compile(r"v?(\d+)\.(\d+)")


@dataclass(frozen=True, order=True)
class MinorVersion:
    """A minor release such as v1.34."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> MinorVersion:
        """Read `v1.34` or `1.34`; raises BadInput for anything else."""
        match = _MINOR.fullmatch(text.strip())
        if match is None:
            raise BadInput(f"{text!r} is not a minor version; write it like v1.34.")
        return cls(int(match[1]), int(match[2]))

    def next(self) -> MinorVersion:
        """The minor release that follows."""
        return MinorVersion(self.major, self.minor + 1)

    def __str__(self) -> str:
        return f"v{self.major}.{self.minor}"


@total_ordering
@dataclass(frozen=True)
class KubeVersion:
    """One release, as `kubectl version` prints it, vendor suffixes included (v1.34.1-gke.100).

    Order follows semver: a pre-release (alpha, beta, rc) comes before its release; a vendor
    suffix such as `-gke.100` or `-eks-1` comes after it, since it is built on the release.
    Build metadata after `+` is kept for display and ignored in comparisons.
    """

    major: int
    minor: int
    patch: int
    suffix: str = ""
    build: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> KubeVersion:
        """Read `v1.34.3`, `1.34.3` or one with a suffix; raises BadInput for anything else."""
        match = _FULL.fullmatch(text.strip())
        if match is None:
            raise BadInput(f"{text!r} is not a Kubernetes version; write it like v1.34.3.")
        return cls(int(match[1]), int(match[2]), int(match[3]), match[4] or "", match[5] or "")

    @property
    def minor_version(self) -> MinorVersion:
        """The minor release that this patch belongs to."""
        return MinorVersion(self.major, self.minor)

    @property
    def is_prerelease(self) -> bool:
        """True for alpha, beta and rc builds."""
        return self.suffix.split(".")[0] in {"alpha", "beta", "rc"}

    def minors_after(self, older: KubeVersion) -> int:
        """How many minor releases lie between `older` and this; negative for a downgrade."""
        if self.major != older.major:
            raise BadInput(f"{older} and {self} are of different major versions.")
        return self.minor - older.minor

    def _order(self) -> tuple[int, int, int, int, tuple[tuple[int, int, str], ...]]:
        rank = 1 if not self.suffix else (0 if self.is_prerelease else 2)
        words = tuple(
            (0, int(word), "") if word.isdigit() else (1, 0, word)
            for word in re.split(r"[.-]", self.suffix)
        )
        return (self.major, self.minor, self.patch, rank, words)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, KubeVersion):
            return NotImplemented
        return self._order() < other._order()

    def __str__(self) -> str:
        suffix = f"-{self.suffix}" if self.suffix else ""
        build = f"+{self.build}" if self.build else ""
        return f"v{self.major}.{self.minor}.{self.patch}{suffix}{build}"


def newest_patch(minor: MinorVersion, known: list[KubeVersion]) -> KubeVersion:
    """The newest stable release of `minor` among `known`, else the newest of any kind.

    Raises BadInput, with the minors that are known, when there is none.
    """
    of_minor = sorted(version for version in known if version.minor_version == minor)
    if not of_minor:
        minors = ", ".join(str(m) for m in sorted({v.minor_version for v in known})) or "none"
        raise BadInput(
            f"no image is known for any patch of {minor} (known minors: {minors}); "
            f"name the full version, or add an image with --image-for {minor}.N=IMAGE."
        )
    stable = [version for version in of_minor if not version.suffix]
    return (stable or of_minor)[-1]
