"""Which upgrades a change makes: old and new Kubernetes versions, with file, line and reason."""

from upgrade_e2e.bumps.changes import decode_diff
from upgrade_e2e.bumps.commits import diff_of_revisions
from upgrade_e2e.bumps.declared import DECLARED, read_declared
from upgrade_e2e.bumps.findings import Findings, Question, Remark
from upgrade_e2e.bumps.searching import find_bumps
from upgrade_e2e.bumps.shapes import Shape, read_rules
from upgrade_e2e.bumps.walks import Walks, answer_of

__all__ = [
    "DECLARED",
    "Findings",
    "Question",
    "Remark",
    "Shape",
    "Walks",
    "answer_of",
    "decode_diff",
    "diff_of_revisions",
    "find_bumps",
    "read_declared",
    "read_rules",
]
