"""The diff between two revisions of a repository, with whole files."""

from __future__ import annotations

import tempfile
from pathlib import Path

from upgrade_e2e.bumps.changes import decode_diff
from upgrade_e2e.command import run
from upgrade_e2e.errors import BadInput, CommandFailed

__all__ = ["diff_of_revisions"]

_WITHIN_S = 120
_WHOLE = 10_000_000
"""Lines of context: more than any file has."""


def diff_of_revisions(revisions: str, folder: Path) -> str:
    """What changed between two revisions of the repository in `folder`, with whole files.

    `A..B` compares A and B, `A...B` the last commit that both have and B; where B is missing it
    is HEAD. Commits in between do not matter: only their sum does. Raises BadInput for a revision
    that git does not know, and where there is no repository.
    """
    old, new = _ends(revisions, folder)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "diff"
        _git(folder, *_DIFF, old, new, "--", out=file)
        return decode_diff(file.read_bytes().replace(b"\0", b""), revisions)


# Settings of the user that change what git prints are set to their defaults.
_DIFF = (
    "-c",
    "core.quotePath=true",
    "-c",
    "diff.renameLimit=5000",
    "diff",
    f"--unified={_WHOLE}",
    "--find-renames=40%",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    "--ignore-submodules",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--end-of-options",
)


def _ends(revisions: str, folder: Path) -> tuple[str, str]:
    left, dots, right = revisions.partition("...")
    is_merge_base = bool(dots)
    if not dots:
        left, dots, right = revisions.partition("..")
    if not dots:
        raise BadInput(
            f"--rev {revisions!r} names one revision; name two, like main...HEAD or v1.4..v1.5."
        )
    old, new = _commit(left or "HEAD", folder), _commit(right or "HEAD", folder)
    if not is_merge_base:
        return old, new
    done = _git(folder, "merge-base", old, new, check=False)
    if not done.strip():
        raise BadInput(
            f"{left or 'HEAD'} and {right or 'HEAD'} have no commit in common here; fetch their "
            "whole history (in actions/checkout: fetch-depth: 0)."
        )
    return done.split()[0], new


def _commit(name: str, folder: Path) -> str:
    try:
        word = f"{name}^{{commit}}"
        found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", word)
    except CommandFailed as error:
        raise BadInput(
            f"git knows no revision {name!r} in {folder}; fetch it first (in actions/checkout: "
            "fetch-depth: 0), and call this in a repository."
        ) from error
    return found.split()[-1]


def _git(folder: Path, *words: str, check: bool = True, out: Path | None = None) -> str:
    done = run(["git", *words], timeout_s=_WITHIN_S, check=check, stdout_file=out, cwd=folder)
    return done.stdout
