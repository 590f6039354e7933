"""`report`: a finished pass, shown to a person."""

from __future__ import annotations

from pathlib import Path

import click

from upgrade_e2e.cli.shared import FILE, exit_on_errors
from upgrade_e2e.report.html import save_html
from upgrade_e2e.report.trace import save_trace

__all__ = ["report"]


@click.command()
@click.argument("run_dir", type=FILE)
@click.option("--baseline", type=FILE, help="A run to show it beside.")
@click.option("--output", type=FILE, help="In place of report.html in RUN_DIR.")
@click.option("--trace", type=FILE, help="Write a trace for Perfetto or chrome://tracing too.")
@exit_on_errors
def report(run_dir: Path, baseline: Path | None, output: Path | None, trace: Path | None) -> None:
    """Write report.html for a finished run: one file, opened offline."""
    click.echo(save_html(run_dir, baseline, output))
    if trace is not None:
        click.echo(save_trace(run_dir, trace))
