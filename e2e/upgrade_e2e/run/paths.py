"""The paths that the options of a user ask for."""

from __future__ import annotations

from collections.abc import Sequence

from upgrade_e2e.errors import BadInput

__all__ = ["path_words"]


def path_words(
    source: str | None, target: str | None, via: Sequence[str], paths: Sequence[str]
) -> tuple[tuple[str, ...], ...]:
    """Each path as words: those of `paths` (comma separated), then source, via and target.

    Raises BadInput when source and target do not come together, `via` has no ends, or a path
    is given twice.
    """
    asked = [_split(text) for text in paths]
    if bool(source) != bool(target):
        there, missing = ("--from", "--to latest") if source else ("--to", "--from VERSION")
        raise BadInput(
            f"--from and --to go together, and only {there} is given; add {missing}, or leave "
            f"{there} out."
        )
    if source and target:
        between = [word for text in via for word in _split(text)]
        asked.append((source.strip(), *between, target.strip()))
    elif via:
        raise BadInput(
            "--via is a version in between; add --from and --to, the versions to start and end at."
        )
    if len(set(asked)) != len(asked):
        raise BadInput("a path is given twice; each path is walked once.")
    return tuple(asked)


def _split(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
