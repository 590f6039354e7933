"""What a change was found to ask for, in words: printed, or as annotations of GitHub Actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum

from upgrade_e2e.bumps import Question, Remark, Walks
from upgrade_e2e.pipelines.annotations import annotation

__all__ = ["Unknown", "explain", "fails_on"]


class Unknown(Enum):
    """What becomes of a version that is not understood."""

    FAIL = "fail"
    WARN = "warn"
    IGNORE = "ignore"


def fails_on(answer: Walks, question: Question) -> list[Remark]:
    """What must not stay unknown: all of it, or that in the files that the user named."""
    return [one for one in answer.unknown if not question.named or question.names(one.file)]


def explain(
    answer: Walks, failing: Sequence[Remark], unknown: Unknown, *, annotations: bool
) -> Iterator[str]:
    """One line for each place: why a path is walked, what is unknown, and what is not walked.

    `failing` are the unknown ones that make the command fail. What is unknown for one reason in
    several places is said once, with the places below; an annotation stands at each place.
    """
    for path, bumps in answer.paths.items():
        for bump in bumps:
            yield _line("notice", f"walks {path}", bump, annotations=annotations)
    for places in _by_reason(answer.unknown):
        if len(places) > 1 and not annotations:
            yield f"unknown: {len(places)} places: {_shown(places[0].reason)}"
            yield from (f"  {_place(place)}: {_shown(place.text)}" for place in places)
            continue
        for place in places:
            level = "error" if unknown is Unknown.FAIL and place in failing else "warning"
            level = "notice" if unknown is Unknown.IGNORE else level
            yield _line(level, "unknown", place, annotations=annotations)
    for finding in answer.notes:
        yield _line("notice", "note", finding, annotations=annotations)


def _by_reason(unknown: Sequence[Remark]) -> list[list[Remark]]:
    """What is unknown, in order; together what goes the same way for the same reason."""
    groups: dict[object, list[Remark]] = {}
    for one in unknown:
        key = (one.old, one.new, one.reason) if one.reason else one
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _line(level: str, title: str, finding: Remark, *, annotations: bool) -> str:
    text = _shown(finding.whole_text)
    if annotations:
        return annotation(level, title, text, file=_shown(finding.file), line=finding.line)
    return f"{title}: {_place(finding)}: {text}"


def _place(finding: Remark) -> str:
    return f"{_shown(finding.file)}:{finding.line}"


def _shown(text: str) -> str:
    # What a change holds comes from anybody: no line of it may pass for one of ours.
    return "".join(letter if letter.isprintable() else "?" for letter in text)
