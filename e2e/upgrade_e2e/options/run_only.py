"""What `upgrade-e2e run` takes and pytest has of its own."""

from __future__ import annotations

from upgrade_e2e.options.option import Option

__all__ = ["RUN_OPTIONS"]

RUN_OPTIONS: tuple[Option, ...] = (
    Option(
        "scenario",
        "A scenario of this package by name, or a file or folder of yours. May be repeated. "
        "Without it: all of this package that the profile chooses.",
        metavar="NAME",
        multiple=True,
    ),
    Option("parallel", "How many paths to walk at a time.", int, 1, metavar="N"),
)
"""Options of `upgrade-e2e run` that pytest has of its own: files, and the `-n` of pytest-xdist."""
