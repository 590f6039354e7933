"""The upgrades that bumps ask for, as paths that can be walked; what cannot is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from upgrade_e2e.bumps.findings import Findings, Remark
from upgrade_e2e.errors import BadInput
from upgrade_e2e.upgrade import Path, resolve
from upgrade_e2e.version import KubeVersion, MinorVersion

__all__ = ["Walks", "answer_of"]


@dataclass
class Walks:
    """What a change comes to.

    `paths` are walked, each once, with the places that ask for it. `unknown` may be versions of
    clusters, or are but cannot be walked: somebody must look. `notes` are said and need nobody.
    """

    paths: dict[Path, list[Remark]] = field(default_factory=dict)
    unknown: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)


def answer_of(
    findings: Findings,
    known: Sequence[KubeVersion],
    *,
    never_rolled_out: Sequence[str] = (),
    nearest_patch: bool = False,
) -> Walks:
    """The paths of all bumps, through every minor in between.

    A bare minor is its newest patch among `known`. A full version stays as it is written, or with
    `nearest_patch` becomes the known patch that is nearest. A way down is not walked: it is
    unknown, unless the version above is one of `never_rolled_out`.
    """
    answer = Walks(unknown=list(findings.unknown), notes=list(findings.notes))
    abandoned = [_release(word) for word in never_rolled_out]
    for bump in findings.bumps:
        if _is_down(bump):
            _add_downgrade(bump, abandoned, answer)
        elif _is_said_exactly(bump, findings.bumps):
            answer.notes.append(_with(bump, f"{bump.text}: the same file says it more exactly"))
        elif _is_minor_of(bump.old, bump.new) or _is_minor_of(bump.new, bump.old):
            text = f"{bump.text}: the same minor, said more or less exactly; not walked"
            answer.notes.append(_with(bump, text))
        else:
            _add_path(bump, known, answer, nearest_patch=nearest_patch)
    answer.notes = list(dict.fromkeys(answer.notes))
    return answer


def _add_downgrade(bump: Remark, abandoned: Sequence[str], answer: Walks) -> None:
    reason = f"goes down from {bump.old} to {bump.new}: not walked"
    if any(bump.old == word or _is_minor_of(word, bump.old) for word in abandoned):
        answer.notes.append(_with(bump, f"{reason} ({bump.text}); {bump.old} was never rolled out"))
        return
    reason += f"; if {bump.old} was never rolled out, say so with --never-rolled-out {bump.old}"
    answer.unknown.append(replace(bump, reason=reason))


def _add_path(
    bump: Remark, known: Sequence[KubeVersion], answer: Walks, *, nearest_patch: bool
) -> None:
    words = [bump.old, *_between(bump), bump.new]
    if nearest_patch:
        words = [_nearest(word, known) for word in words]
    try:
        path = resolve(words, known)
    except BadInput as error:
        answer.unknown.append(replace(bump, reason=f"cannot be walked: {error}"))
        return
    answer.paths.setdefault(path, []).append(bump)
    asked = [bump.old, *_between(bump), bump.new]
    for word, version in zip(asked, path.versions, strict=True):
        if text := _choice(word, version, known):
            answer.notes.append(_with(bump, text))


def _choice(word: str, version: KubeVersion, known: Sequence[KubeVersion]) -> str:
    """What somebody must know about a version of a path; empty where it is as it is written."""
    if word != str(version):
        newest = "newest" if word.count(".") == 1 else "nearest"
        return f"{word} is walked as {version}, the {newest} patch that is known"
    near = _nearest(word, known)
    if near == word:
        return ""
    return f"{word} is not one of the known versions; --nearest-patch would walk {near}"


def _is_said_exactly(bump: Remark, bumps: Sequence[Remark]) -> bool:
    """Whether both minors are said as full versions elsewhere in the file."""
    return any(
        other != bump
        and other.file == bump.file
        and other.old.count(".") == other.new.count(".") == 2
        and _is_minor_of(bump.old, other.old)
        and _is_minor_of(bump.new, other.new)
        for other in bumps
    )


def _between(bump: Remark) -> list[str]:
    """The minors between both ends: kubeadm goes through each of them."""
    minor, last = _minor(bump.old).next(), _minor(bump.new)
    found = []
    while minor < last:
        found.append(str(minor))
        minor = minor.next()
    return found


def _nearest(word: str, known: Sequence[KubeVersion]) -> str:
    """The known patch that is nearest to a full version; the newer one of two."""
    if word.count(".") == 1:
        return word
    wanted = KubeVersion.parse(word)
    same = [one for one in known if one.minor_version == wanted.minor_version]
    if not same or wanted in same:
        return word
    return str(min(same, key=lambda one: (abs(one.patch - wanted.patch), -one.patch)))


def _is_down(bump: Remark) -> bool:
    if 1 in (bump.old.count("."), bump.new.count(".")):
        return _minor(bump.new) < _minor(bump.old)
    return KubeVersion.parse(bump.new) < KubeVersion.parse(bump.old)


def _release(word: str) -> str:
    """A version as the user names it; raises BadInput for what is none."""
    try:
        return str(MinorVersion.parse(word))
    except BadInput:
        return str(KubeVersion.parse(word))


def _minor(version: str) -> MinorVersion:
    return MinorVersion.parse(".".join(version.split(".")[:2]))


def _is_minor_of(minor: str, version: str) -> bool:
    return minor.count(".") == 1 and _minor(version) == _minor(minor)


def _with(bump: Remark, text: str) -> Remark:
    return replace(bump, text=text)
