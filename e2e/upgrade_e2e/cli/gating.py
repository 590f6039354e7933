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
@click.option("--baseline", multiple=True, type=FILE, help="Earlier runs; may be repeated.")
@click.option("--control", "controls", multiple=True, type=FILE, help="Runs with a planted outage.")
@click.option("--history", type=FILE, help="Where baseline and newest control come from, else.")
@click.option("--margins", type=FILE, help="Margins that differ from the defaults.")
@click.option("--json", "as_json", is_flag=True, help="Print the decision as JSON.")
@click.option("--summary", type=FILE, help="Append the decision to this file, as Markdown.")
@click.option("--annotations", is_flag=True, help="Lines for GitHub Actions, on stderr.")
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
    """Say whether a version may be rolled out, from finished runs and those before them.

    RUN_DIRS are artifact folders of runs, or folders of such folders. Exit codes: 0 approve,
    1 reject, 2 bad input, 3 cannot tell. docs/gate.md tells the conditions.
    """
    settings = GateSettings(margins=load_margins(margins))
    evidence = gather(
        run_dirs, baseline=baseline, controls=controls, history=history, settings=settings
    )
    decision = decide(evidence, settings)
    _tell(decision, as_json=as_json, summary=summary, annotations=annotations)
    sys.exit(decision.exit_code)


def _tell(decision: Decision, *, as_json: bool, summary: Path | None, annotations: bool) -> None:
    text = render_decision(decision)
    click.echo(decision_json(decision) if as_json else text, nl=False)
    if annotations:
        for line in annotate_decision(decision):
            click.echo(line, err=True)
    if summary is not None:
        append_text(text, summary)
