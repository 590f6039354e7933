"""What a CI job asks: which paths to walk, which bump a change makes, and how to show results."""

from upgrade_e2e.pipelines.annotations import annotate_decision, annotate_runs, annotation
from upgrade_e2e.pipelines.bump import Bump, find_bumps, paths_of
from upgrade_e2e.pipelines.matrix import (
    Matrix,
    MatrixEntry,
    build_matrix,
    matrix_of_diff,
    neighbouring_paths,
)

__all__ = [
    "Bump",
    "Matrix",
    "MatrixEntry",
    "annotate_decision",
    "annotate_runs",
    "annotation",
    "build_matrix",
    "find_bumps",
    "matrix_of_diff",
    "neighbouring_paths",
    "paths_of",
]
