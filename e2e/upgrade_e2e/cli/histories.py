"""`history`: earlier runs, kept in one file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from upgrade_e2e.cli.shared import FILE, exit_on_errors, options
from upgrade_e2e.errors import BadInput
from upgrade_e2e.files import write_whole
from upgrade_e2e.gate import Run, keep_runs
from upgrade_e2e.gate.history import (
    History,
    find_trends,
    read_jsonl,
    render_runs_table,
    write_jsonl,
)
from upgrade_e2e.run.exit_codes import FAILED

__all__ = ["history"]

DEFAULT_FILE = Path("history.sqlite")
HISTORY = click.option(
    "--history",
    "file",
    type=FILE,
    default=DEFAULT_FILE,
    metavar="FILE",
    help=f"The history file. Default: {DEFAULT_FILE}.",
)
WHICH: tuple[Callable[[Any], Any], ...] = (
    HISTORY,
    click.option(
        "--path",
        default="",
        metavar="VERSIONS",
        help="Use only runs of this path, like v1.33.7,v1.34.3. Default: all paths.",
    ),
    click.option(
        "--provider",
        default="",
        metavar="NAME",
        help="Use only runs on this provider, kind or sim. Default: both.",
    ),
)


@click.group()
def history() -> None:
    """Keep finished runs in a file, list them, and show how a metric changed.

    Example: upgrade-e2e history add artifacts
    """


@history.command()
@click.argument("run_dirs", nargs=-1, required=True, type=FILE)
@HISTORY
@exit_on_errors
def add(run_dirs: tuple[Path, ...], file: Path) -> None:
    """Add finished runs to the history.

    RUN_DIRS are artifact folders of runs, or folders of such folders. A run that is in the history
    already stays as it is. Damaged runs, and files among the folders, are named and left out. Exit
    code 1 means that no run could be read.

    Example: upgrade-e2e history add artifacts --history nightly.sqlite
    """
    kept = keep_runs(run_dirs, file)
    click.echo(kept.render())
    if kept.damaged and not (kept.added.new or kept.added.known):
        sys.exit(FAILED)


@history.command(name="list")
@options(*WHICH)
@exit_on_errors
def list_(file: Path, path: str, provider: str) -> None:
    """List the runs in the history, oldest first.

    Example: upgrade-e2e history list --provider kind
    """
    click.echo(render_runs_table(_runs(file, path, provider)))


@history.command(name="trend")
@click.argument("observer")
@click.argument("metric")
@options(*WHICH)
@click.option("--svg", type=FILE, metavar="FILE", help="Also draw the trend into this SVG file.")
@exit_on_errors
def trend_(
    *, observer: str, metric: str, file: Path, path: str, provider: str, svg: Path | None
) -> None:
    """Show METRIC of OBSERVER in each run, oldest first.

    The observer `pass` has the durations of the pass and of its steps, such as `drain_s`.

    Example: upgrade-e2e history trend dns p99_s --svg p99.svg
    """
    trends = find_trends(_runs(file, path, provider), observer, metric)
    click.echo("\n\n".join(made.render() for made in trends))
    if svg is None:
        return
    if len(trends) > 1:
        raise BadInput(
            f"an SVG shows one trend and these are {len(trends)}; choose with --path and "
            "--provider."
        )
    write_whole(trends[0].svg(), svg)


@history.command(name="export")
@click.argument("output", type=FILE)
@options(*WHICH)
@exit_on_errors
def export_(output: Path, file: Path, path: str, provider: str) -> None:
    """Write the runs to the file OUTPUT as JSONL, one run per line.

    Example: upgrade-e2e history export runs.jsonl
    """
    count = write_jsonl(_runs(file, path, provider), output)
    click.echo(f"{count} run{'' if count == 1 else 's'} written to {output}.")


@history.command(name="import")
@click.argument("source", type=FILE)
@HISTORY
@exit_on_errors
def import_(source: Path, file: Path) -> None:
    """Add the runs of the exported file SOURCE to the history, all or none.

    A run that is in the history already stays as it is.

    Example: upgrade-e2e history import runs.jsonl
    """
    runs = read_jsonl(source)
    with History.writing(file) as opened:
        added = opened.add(runs)
    click.echo(f"{added.new} new, {added.known} known already.")


def _runs(file: Path, path: str, provider: str) -> tuple[Run, ...]:
    walked = tuple(word.strip() for word in path.split(",") if word.strip())
    with History.reading(file) as opened:
        return opened.runs(path=walked, provider=provider)
