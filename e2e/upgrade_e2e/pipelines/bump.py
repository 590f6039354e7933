"""Which upgrade a change makes: old and new Kubernetes version out of a diff."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk, PatchedFile, PatchSet

from upgrade_e2e.errors import BadInput
from upgrade_e2e.pipelines.diff_versions import Line, Sighting, find_versions
from upgrade_e2e.upgrade import Path, resolve
from upgrade_e2e.version import KubeVersion, MinorVersion

__all__ = ["Bump", "find_bumps", "paths_of"]

_COMBINED = re.compile(r"^@@@", re.MULTILINE)


@dataclass(frozen=True)
class Bump:
    """One version that a change replaces, as it is written there; `line` is that of the new one."""

    file: str
    line: int
    key: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.old} -> {self.new}"

    @property
    def words(self) -> tuple[str, ...]:
        """The path in words: every minor between is walked, vendor suffixes are left out.

        A kind cluster has no `-gke.100` or `+k3s1`; it has the release that those are built on.
        """
        old, new = _release(self.old), _release(self.new)
        between = []
        minor = _minor(old).next()
        while minor < _minor(new):
            between.append(str(minor))
            minor = minor.next()
        return (old, *between, new)


def find_bumps(
    diff: str, *, files: Sequence[str] = (), keys: Sequence[str] = ()
) -> tuple[Bump, ...]:
    """The Kubernetes versions that a unified diff replaces, in its order.

    `files` are patterns (`infra/*.tf`) of the files to look at, all if empty; `keys` are names
    that hold a version, in addition to those that say so themselves. Understands kind configs,
    Terraform, tfvars and YAML values such as Helm's. Raises BadInput for what is no unified diff.
    """
    if _COMBINED.search(diff):
        raise BadInput(
            "this is the combined diff of a merge; give the diff against one parent, like "
            "`git diff main...HEAD`."
        )
    try:
        patch = PatchSet(diff)
    except UnidiffParseError as error:
        raise BadInput(f"this is not a unified diff ({error}); give what `git diff` prints.") from (
            error
        )
    if diff.strip() and not patch:
        raise BadInput("this is not a unified diff; give what `git diff` prints.")
    wanted = [file for file in patch if not files or any(fnmatch(file.path, p) for p in files)]
    return tuple(bump for file in wanted for bump in _bumps(file, keys))


def paths_of(bumps: Sequence[Bump], known: Sequence[KubeVersion]) -> tuple[Path, ...]:
    """The paths that these bumps walk, each once.

    A bare minor is its newest patch among `known`. Raises BadInput when there is no bump, and
    for a bump that is no upgrade, naming file and line.
    """
    if not bumps:
        raise BadInput(
            "the diff replaces no Kubernetes version that could be found; name the key that holds "
            "it with --key, or the path with --path."
        )
    paths: dict[Path, None] = {}
    for bump in bumps:
        try:
            paths[resolve(bump.words, known)] = None
        except BadInput as error:
            raise type(error)(f"{bump}: {error}") from error
    return tuple(paths)


def _bumps(file: PatchedFile, keys: Sequence[str]) -> Iterator[Bump]:
    old = [seen for hunk in file for seen in find_versions(_side(hunk, "-"), _heading(hunk), keys)]
    new = [seen for hunk in file for seen in find_versions(_side(hunk, "+"), _heading(hunk), keys)]
    for before, after in _pairs(old, new):
        if _release(before.version) != _release(after.version):
            yield Bump(file.path, after.line.number, after.key, before.version, after.version)


def _pairs(old: Sequence[Sighting], new: Sequence[Sighting]) -> list[tuple[Sighting, Sighting]]:
    """Each new sighting with the old one that it replaces; the others are new, gone or untouched.

    An untouched line in an untouched place is itself. What is left is paired by key and place: a
    line that diff calls context may have come under another key. Then changed lines by key alone.
    """
    pairs: list[tuple[Sighting, Sighting]] = []
    left_old, left_new = list(old), list(new)
    for same in (_is_untouched, _is_in_same_place, _has_same_key):
        for after in list(left_new):
            before = next((before for before in left_old if same(before, after)), None)
            if before is not None:
                pairs.append((before, after))
                left_old.remove(before)
                left_new.remove(after)
    return sorted(pairs, key=lambda pair: pair[1].line.number)


def _is_untouched(before: Sighting, after: Sighting) -> bool:
    both = before.line.both
    return both is not None and both == after.line.both and before.where == after.where


def _is_in_same_place(before: Sighting, after: Sighting) -> bool:
    return before.where == after.where and before.key == after.key


def _has_same_key(before: Sighting, after: Sighting) -> bool:
    changed = before.line.both is None and after.line.both is None
    return changed and before.key == after.key


def _side(hunk: Hunk, kind: str) -> list[Line]:
    side: list[Line] = []
    for line in hunk:
        text = line.value.rstrip("\r\n")
        old, new = line.source_line_no or 0, line.target_line_no or 0
        if line.line_type == kind:
            side.append(Line(old if kind == "-" else new, text))
        elif line.line_type == " ":
            side.append(Line(old if kind == "-" else new, text, (old, new)))
    return side


def _heading(hunk: Hunk) -> str:
    return str(hunk.section_header).strip()


def _release(version: str) -> str:
    match = re.match(r"v?(\d+\.\d+(?:\.\d+)?)(-(?:alpha|beta|rc)[0-9.]*)?", version)
    if match is None:
        raise BadInput(f"{version!r} is not a Kubernetes version.")
    return f"v{match[1]}{match[2] or ''}"


def _minor(release: str) -> MinorVersion:
    return MinorVersion.parse(".".join(release.split(".")[:2]))
