"""A change, asked for the paths that it walks."""

from __future__ import annotations

from upgrade_e2e.bumps import Question, answer_of, find_bumps
from upgrade_e2e.version import KubeVersion

KNOWN = "v1.31.9 v1.32.8 v1.33.7 v1.34.3 v1.35.0 v1.36.1"


def asked(diff, known=KNOWN, never_rolled_out=(), nearest_patch=False, **question):
    """The answer to a diff, with these versions known."""
    return answer_of(
        find_bumps(diff, Question(**question)),
        [KubeVersion.parse(word) for word in known.split()],
        never_rolled_out=never_rolled_out,
        nearest_patch=nearest_patch,
    )


def walked(answer):
    """The paths of an answer in words, in order."""
    return sorted(",".join(map(str, path.versions)) for path in answer.paths)


def said(findings):
    """What is said about a change, one line each."""
    return "\n".join(map(str, findings))
