"""`doctor`, `faults`, `simulator` and `sweep`: about this machine rather than about a pass."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from upgrade_e2e.cli.shared import exit_on_errors
from upgrade_e2e.providers.kind import REUSED_CLUSTER, sweep_dead
from upgrade_e2e.providers.kind.doctor import conclude, examine
from upgrade_e2e.providers.kind.ledger import Entry
from upgrade_e2e.providers.sim.starting import SIMULATOR
from upgrade_e2e.run.exit_codes import FAILED
from upgrade_e2e.run.paths import path_words
from upgrade_e2e.run.providers import kind_settings
from upgrade_e2e.run.request import settings_of, values_of
from upgrade_e2e.upgrade.faults import CATALOGUE

__all__ = ["doctor", "faults", "simulator", "sweep"]


@click.command()
@exit_on_errors
def sweep() -> None:
    """Delete the clusters, containers and folders that dead runs left behind.

    A cluster of --reuse-cluster stays; what faults left on its nodes is undone. Runs that are still
    alive are not touched. Exit code 1 means that something could not be deleted.

    Example: upgrade-e2e sweep
    """
    swept = sweep_dead()
    for entry in swept.deleted:
        click.echo(_what_was_done(entry))
    for entry in swept.elsewhere:
        click.echo(f"left alone {entry}: its owner runs on {entry.owner.host}")
    for entry, reason in swept.failed:
        click.echo(f"could not delete {entry}: {reason}", err=True)
    if not (swept.deleted or swept.failed):
        click.echo("nothing is left of dead runs.")
    sys.exit(FAILED if swept.failed else 0)


def _what_was_done(entry: Entry) -> str:
    if entry.kind == REUSED_CLUSTER:
        return f"cluster {entry.name} stays; what faults left on its nodes is undone"
    return f"deleted {entry}"


@click.command()
@click.argument("versions", nargs=-1)
@exit_on_errors
def doctor(versions: tuple[str, ...]) -> None:
    """Check whether this machine can run real clusters, and print a fix for what is missing.

    VERSIONS are Kubernetes versions, or minors like v1.34, whose node images are checked too:
    whether they are here, or can be pulled. Default: those that a plain `run` would walk.
    The last line says whether a real pass can start. Exit code 1 means that something is missing.

    Example: upgrade-e2e doctor v1.33 v1.34
    """
    values = values_of({}, Path.cwd())
    settings = settings_of(values)
    findings = examine(
        versions or _words_of_the_table(values),
        settings=kind_settings(settings, Path()),
        support_images={
            "--agent-image": settings.images.agent,
            "--edge-image": settings.images.edge,
        },
    )
    for finding in findings:
        click.echo(str(finding))
    click.echo(conclude(findings))
    sys.exit(0 if all(finding.ok for finding in findings) else FAILED)


def _words_of_the_table(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The versions of the paths in the configuration table, each once; none where it has none."""
    paths = path_words(values["from"], values["to"], values["via"], values["path"])
    return tuple(dict.fromkeys(word for path in paths for word in path))


@click.command()
def faults() -> None:
    """List the faults that `--fault` can plant.

    A planted fault proves that a scenario notices a failure. A value or a step in the list is an
    example; docs/cli.md says what may be written there.

    Example: upgrade-e2e faults
    """
    table = Table("write", "breaks", "provider; needs", box=None, pad_edge=False)
    for fault in CATALOGUE:
        table.add_row(fault.form, fault.breaks, fault.works_on)
    Console(highlight=False, width=None if sys.stdout.isatty() else 160).print(table)


@click.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def simulator(words: tuple[str, ...]) -> None:
    """Serve a simulated cluster for kubectl until Ctrl-C."""
    os.execv(sys.executable, [sys.executable, "-m", SIMULATOR, *words])  # noqa: S606 - no shell
