"""`history`: the runs that were, kept in one file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from upgrade_e2e.cli.shared import FILE, options, tell_errors
from upgrade_e2e.errors import BadInput
from upgrade_e2e.files import write_whole
from upgrade_e2e.gate import Run, keep_runs
from upgrade_e2e.gate.history import History, read_jsonl, render_runs_table, trend, write_jsonl
from upgrade_e2e.run.exit_codes import FAILED

__all__ = ["history"]

DEFAULT_FILE = Path("history.sqlite")
HISTORY = click.option(
    "--history", "file", type=FILE, default=DEFAULT_FILE, show_default=True, help="The file."
)
WHICH: tuple[Callable[[Any], Any], ...] = (
    HISTORY,
    click.option("--path", default="", help="Only runs over this path: v1.33.13,v1.34.4."),
    click.option("--provider", default="", help="Only runs on this provider."),
)


@click.group()
def history() -> None:
    """Keep runs in a file, list them, and show how a metric went."""


@history.command()
@click.argument("run_dirs", nargs=-1, required=True, type=FILE)
@HISTORY
@tell_errors
def add(run_dirs: tuple[Path, ...], file: Path) -> None:
    """Add finished runs; known ones stay as they are. Exit 1 when no run could be read."""
    kept = keep_runs(run_dirs, file)
    click.echo(kept.render())
    if kept.damaged and not (kept.added.new or kept.added.known):
        sys.exit(FAILED)


@history.command(name="list")
@options(*WHICH)
@tell_errors
def list_(file: Path, path: str, provider: str) -> None:
    """List the runs, oldest first."""
    click.echo(render_runs_table(_runs(file, path, provider)))


@history.command(name="trend")
@click.argument("observer")
@click.argument("metric")
@options(*WHICH)
@click.option("--svg", type=FILE, help="Draw it into this file as well.")
@tell_errors
def trend_(
    *, observer: str, metric: str, file: Path, path: str, provider: str, svg: Path | None
) -> None:
    """Show how METRIC of OBSERVER went, run by run: `trend dns p99_s`, `trend pass drain_s`."""
    trends = trend(_runs(file, path, provider), observer, metric)
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
@tell_errors
def export_(output: Path, file: Path, path: str, provider: str) -> None:
    """Write the runs to OUTPUT as JSONL, a run a line."""
    count = write_jsonl(_runs(file, path, provider), output)
    click.echo(f"{count} run{'' if count == 1 else 's'} written to {output}.")


@history.command(name="import")
@click.argument("source", type=FILE)
@HISTORY
@tell_errors
def import_(source: Path, file: Path) -> None:
    """Take in the runs of an export; known ones stay as they are, and all come in or none."""
    runs = read_jsonl(source)
    with History.writing(file) as opened:
        added = opened.add(runs)
    click.echo(f"{added.new} new, {added.known} known already.")


def _runs(file: Path, path: str, provider: str) -> tuple[Run, ...]:
    walked = tuple(word.strip() for word in path.split(",") if word.strip())
    with History.reading(file) as opened:
        return opened.runs(path=walked, provider=provider)
