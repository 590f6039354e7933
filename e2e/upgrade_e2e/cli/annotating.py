"""`annotate`: verdicts shown on the page of a workflow run."""

from __future__ import annotations

from pathlib import Path

import click

from upgrade_e2e.cli.shared import FILE, exit_on_errors
from upgrade_e2e.gate import run_folders
from upgrade_e2e.pipelines import annotate_runs
from upgrade_e2e.report import load_runs

__all__ = ["annotate"]


@click.command()
@click.argument("run_dirs", nargs=-1, required=True, type=FILE)
@exit_on_errors
def annotate(run_dirs: tuple[Path, ...]) -> None:
    """Print verdicts and broken claims as annotations of GitHub Actions.

    RUN_DIRS are artifact folders of runs, or folders of such folders. A folder without a record
    gets a warning, so that a pass that was killed is noticed too.

    Example: upgrade-e2e annotate artifacts
    """
    folders = [
        place
        for folder in run_dirs
        for place in (run_folders(folder) if folder.is_dir() else [folder])
    ]
    for line in annotate_runs(run for _, run in load_runs(folders)):
        click.echo(line)
