"""The settings of a pass that change what is measured, under the names that runs keep them by."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["STORED_NAMES", "choices_that_measure", "option_of"]

# These two steps and settings keep their first names, so that a history's series goes on.
STORED_NAMES = {"watch-before": "baseline", "watch-after": "settle"}
_OPTIONS = {stored: option for option, stored in STORED_NAMES.items()}
# What was asked for before the path was settled: it changes nothing of what is measured on it.
# So does a node that joins last of all: what is measured all the time keeps off it.
_NOT_MEASURED = {"nearest-patch", "no-join-node"}


def choices_that_measure(choices: Mapping[str, str]) -> dict[str, str]:
    """The choices of a record or a plan that change what is measured, planted faults aside."""
    return {
        STORED_NAMES.get(key, key): value
        for key, value in choices.items()
        if not key.startswith("fault ") and key not in _NOT_MEASURED
    }


def option_of(choice: str) -> str:
    """The name of the option that a run keeps as this choice: `watch-before`."""
    return _OPTIONS.get(choice, choice)
