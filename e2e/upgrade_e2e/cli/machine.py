"""`doctor`, `faults`, `simulator` and `sweep`: about this machine rather than about a pass."""

from __future__ import annotations

import os
import sys

import click
from rich.console import Console
from rich.table import Table

from upgrade_e2e.cli.shared import tell_errors
from upgrade_e2e.providers.kind import sweep_dead
from upgrade_e2e.providers.kind.doctor import examine
from upgrade_e2e.providers.sim.starting import SIMULATOR
from upgrade_e2e.run.exit_codes import FAILED
from upgrade_e2e.upgrade.faults import CATALOGUE

__all__ = ["doctor", "faults", "simulator", "sweep"]


@click.command()
@tell_errors
def sweep() -> None:
    """Delete what dead runs left behind; living runs are not touched."""
    swept = sweep_dead()
    for entry in swept.deleted:
        click.echo(f"deleted {entry}")
    for entry in swept.elsewhere:
        click.echo(f"left alone {entry}: its owner runs on {entry.owner.host}")
    for entry, reason in swept.failed:
        click.echo(f"could not delete {entry}: {reason}", err=True)
    if not (swept.deleted or swept.failed):
        click.echo("nothing is left of dead runs.")
    sys.exit(FAILED if swept.failed else 0)


@click.command()
@click.argument("versions", nargs=-1)
@tell_errors
def doctor(versions: tuple[str, ...]) -> None:
    """Say what this machine lacks, and the command that mends it; exit 1 if something is."""
    findings = examine(versions)
    for finding in findings:
        click.echo(str(finding))
    sys.exit(0 if all(finding.ok for finding in findings) else FAILED)


@click.command()
def faults() -> None:
    """List the failures that can be planted with `--fault`, to prove that a scenario notices."""
    table = Table("write", "breaks", "providers", box=None, pad_edge=False)
    for fault in CATALOGUE:
        table.add_row(fault.form, fault.breaks, ", ".join(sorted(fault.providers)) or fault.needs)
    Console(highlight=False, width=None if sys.stdout.isatty() else 160).print(table)


@click.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def simulator(words: tuple[str, ...]) -> None:
    """Serve a simulated cluster for kubectl until Ctrl-C; its options: `simulator --help`."""
    os.execv(sys.executable, [sys.executable, "-m", SIMULATOR, *words])  # noqa: S606 - no shell
