"""`gate`: may this version be rolled out?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from upgrade_e2e.cli.shared import FILE, append_text, exit_on_errors
from upgrade_e2e.gate import (
    Decision,
    GateSettings,
    decide,
    decision_json,
    gather,
    load_margins,
    render_decision,
)
from upgrade_e2e.pipelines import annotate_decision

__all__ = ["gate"]


@click.command()
@click.argument("run_dirs", nargs=-1, required=True, type=FILE)
@click.option(
    "--baseline",
    multiple=True,
    type=FILE,
    metavar="FOLDER",
    help="Earlier runs to compare with. May be repeated. Default: the newest passed runs in the "
    "history that have the same path and settings.",
)
@click.option(
    "--control",
    "controls",
    multiple=True,
    type=FILE,
    metavar="FOLDER",
    help="Runs with a planted fault, which prove that the scenarios notice one. May be repeated. "
    "Default: the newest such run in the history.",
)
@click.option(
    "--history",
    type=FILE,
    metavar="FILE",
    help="The history file, used when --baseline or --control is not given. Default: none.",
)
@click.option(
    "--margins",
    type=FILE,
    metavar="FILE",
    help="A TOML file with margins that differ from the defaults: see docs/gate.md.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the decision as JSON.")
@click.option(
    "--summary", type=FILE, metavar="FILE", help="Append the decision to this file, as Markdown."
)
@click.option(
    "--annotations", is_flag=True, help="Print annotations for GitHub Actions on stderr as well."
)
@exit_on_errors
def gate(
    *,
    run_dirs: tuple[Path, ...],
    baseline: tuple[Path, ...],
    controls: tuple[Path, ...],
    history: Path | None,
    margins: Path | None,
    as_json: bool,
    summary: Path | None,
    annotations: bool,
) -> None:
    """Decide from finished runs whether a version may be rolled out.

    RUN_DIRS are the artifact folders of the runs to decide on, or folders of such folders. They
    are compared with a baseline of earlier runs. docs/gate.md lists the conditions.

    Exit codes: 0 approve, 1 reject, 2 bad input, 3 cannot tell.

    Example: upgrade-e2e gate artifacts --baseline earlier --control planted
    """
    settings = GateSettings(margins=load_margins(margins))
    evidence = gather(
        run_dirs, baseline=baseline, controls=controls, history=history, settings=settings
    )
    decision = decide(evidence, settings)
    _print_decision(decision, as_json=as_json, summary=summary, annotations=annotations)
    sys.exit(decision.exit_code)


def _print_decision(
    decision: Decision, *, as_json: bool, summary: Path | None, annotations: bool
) -> None:
    text = render_decision(decision)
    click.echo(decision_json(decision) if as_json else text, nl=False)
    if annotations:
        for line in annotate_decision(decision):
            click.echo(line, err=True)
    if summary is not None:
        append_text(text, summary)
