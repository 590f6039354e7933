"""What a CI job asks: which paths to walk, and how to show results."""

from upgrade_e2e.pipelines.annotations import annotate_decision, annotate_runs, annotation
from upgrade_e2e.pipelines.explaining import Unknown, explain, fails_on
from upgrade_e2e.pipelines.matrix import (
    Matrix,
    MatrixEntry,
    build_matrix,
    matrix_of_answer,
    neighbouring_paths,
)

__all__ = [
    "Matrix",
    "MatrixEntry",
    "Unknown",
    "annotate_decision",
    "annotate_runs",
    "annotation",
    "build_matrix",
    "explain",
    "fails_on",
    "matrix_of_answer",
    "neighbouring_paths",
]
