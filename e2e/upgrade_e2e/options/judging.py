"""How long is watched, what that is judged by, and where the result goes."""

from __future__ import annotations

from pathlib import Path

from upgrade_e2e.options.option import Option

__all__ = ["NIGHTLY", "OF_THE_JUDGING", "PROFILES"]

NIGHTLY = "nightly"
PROFILES = ("standard", NIGHTLY)

OF_THE_JUDGING: tuple[Option, ...] = (
    Option(
        "watch-before",
        "Seconds to watch the untouched cluster before the first step. Default: 10, or 180 with "
        "--profile nightly; 3 on a simulated cluster.",
        float,
        metavar="SECONDS",
        planned=False,
    ),
    Option(
        "watch-after",
        "Seconds to watch after the last step. Default: 10, or 240 with --profile nightly; 3 on a "
        "simulated cluster.",
        float,
        metavar="SECONDS",
        planned=False,
    ),
    Option(
        "profile",
        "Which scenarios are judged: standard leaves out those that are marked nightly, because "
        "they need a longer pass; nightly takes them too.",
        choices=PROFILES,
        default=PROFILES[0],
        planned=False,
    ),
    Option(
        "limits",
        "A TOML file with limits that differ from the defaults: see docs/limits.md. The word "
        "from-history draws them from the passes in --history.",
        Path,
        metavar="FILE",
        planned=False,
    ),
    Option(
        "history",
        "A history file, to compare this pass with earlier ones of its kind. Nothing is added to "
        "it.",
        Path,
        metavar="FILE",
        planned=False,
    ),
    Option(
        "stock",
        "A file of stock costs, as `upgrade-e2e calibrate` writes it, to compare this pass with "
        "in place of those that are shipped.",
        Path,
        metavar="FILE",
        planned=False,
    ),
    Option(
        "artifacts-dir",
        "The folder for the record, the report, samples and logs.",
        Path,
        Path("artifacts"),
        metavar="FOLDER",
        planned=False,
    ),
    Option(
        "config",
        "A TOML file to read in place of ./upgrade-e2e.toml, or of [tool.upgrade-e2e] in "
        "./pyproject.toml.",
        Path,
        metavar="FILE",
        configurable=False,
    ),
)
