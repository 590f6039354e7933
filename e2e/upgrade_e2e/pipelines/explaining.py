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

    `failing` are the unknown ones that make the command fail.
    """
    for path, bumps in answer.paths.items():
        for bump in bumps:
            yield _line("notice", f"walks {path}", bump, annotations=annotations)
    for finding in answer.unknown:
        level = "error" if unknown is Unknown.FAIL and finding in failing else "warning"
        level = "notice" if unknown is Unknown.IGNORE else level
        yield _line(level, "unknown", finding, annotations=annotations)
    for finding in answer.notes:
        yield _line("notice", "note", finding, annotations=annotations)


def _line(level: str, title: str, finding: Remark, *, annotations: bool) -> str:
    # What a change holds comes from anybody: no line of it may pass for one of ours.
    file, text = _shown(finding.file), _shown(finding.text)
    if annotations:
        return annotation(level, title, text, file=file, line=finding.line)
    return f"{title}: {file}:{finding.line}: {text}"


def _shown(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
