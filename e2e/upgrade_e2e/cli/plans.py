"""`plan`: what a pass would do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from upgrade_e2e.cli.click_options import given_values, pass_options
from upgrade_e2e.cli.shared import exit_on_errors
from upgrade_e2e.format import duration
from upgrade_e2e.observers import HttpService, require_room
from upgrade_e2e.options import OPTIONS
from upgrade_e2e.run import AROUND, RunRequest
from upgrade_e2e.upgrade import Plan, planted_in

__all__ = ["plan"]

_ADDED = (
    f"A run has {len(AROUND)} more steps: deploy and watch-before come before the upgrade, "
    "watch-after and collect before verify, and inspect comes last."
)


@click.command()
@pass_options(option for option in OPTIONS if option.planned or option.name == "config")
@exit_on_errors
def plan(**choices: Any) -> None:
    """Print the steps of a pass. Nothing is created, changed or pulled.

    Example: upgrade-e2e plan --from v1.33 --to v1.34 --fault coredns-replicas=1
    """
    request = RunRequest.of(given_values(choices), Path.cwd())
    for sentence in request.sentences:
        click.echo(f"upgrade-e2e: {sentence}", err=True)
    for made in request.plans:
        require_room((HttpService(),), made.room, made.drained)
        _print_plan(made)
    click.echo(_ADDED)


def _print_plan(made: Plan) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    console.print(f"[bold]{made.path}[/bold] on {made.provider}")
    for name, value in _settings(made):
        console.print(f"  {name}: {value}")
    table = Table("#", "step", "hop", "at most", "what it does", box=None, pad_edge=False)
    for number, step in enumerate(made.steps, start=1):
        table.add_row(
            str(number), step.name, step.hop, duration(step.timeout_s), "\n".join(step.does)
        )
    console.print(table)


def _settings(made: Plan) -> Iterator[tuple[str, str]]:
    """What is particular about the pass; the faults last, as they are written."""
    faults = planted_in(made)
    names = {f"fault {fault.name}" for fault in faults}
    yield from ((name, value) for name, value in made.choices.items() if name not in names)
    if faults:
        yield "planted", ", ".join(map(str, faults))
