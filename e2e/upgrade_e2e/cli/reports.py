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
@click.option(
    "--baseline",
    type=FILE,
    metavar="FOLDER",
    help="The artifact folder of an earlier run to compare with. Default: no comparison.",
)
@click.option(
    "--output",
    type=FILE,
    metavar="FILE",
    help="The file to write the report to. Default: report.html in RUN_DIR.",
)
@click.option(
    "--trace",
    type=FILE,
    metavar="FILE",
    help="Also write a trace to this file, for Perfetto or chrome://tracing. Default: no trace.",
)
@exit_on_errors
def report(run_dir: Path, baseline: Path | None, output: Path | None, trace: Path | None) -> None:
    """Write the HTML report of a finished run.

    RUN_DIR is the artifact folder of the run. The report is one file that works offline.

    Example: upgrade-e2e report artifacts --baseline earlier
    """
    click.echo(save_html(run_dir, baseline, output))
    if trace is not None:
        click.echo(save_trace(run_dir, trace))
