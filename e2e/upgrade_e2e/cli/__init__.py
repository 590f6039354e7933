"""The command line: thin commands over the library."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from typing import Any

import click

__all__ = ["main"]

# Where each command is. A module is loaded when its command is asked for: the statistics of the
# gate alone take longer to load than `plan` takes to run.
MODULES = {
    # These start pytest, or are ended as a pass is: they are one layer above.
    "run": "pytest_upgrade_e2e.command",
    "rejudge": "pytest_upgrade_e2e.rejudging",
    "calibrate": "pytest_upgrade_e2e.calibrating",
    "plan": "upgrade_e2e.cli.plans",
    "init": "upgrade_e2e.cli.configuring",
    "schema": "upgrade_e2e.cli.configuring",
    "doctor": "upgrade_e2e.cli.machine",
    "faults": "upgrade_e2e.cli.machine",
    "simulator": "upgrade_e2e.cli.machine",
    "sweep": "upgrade_e2e.cli.machine",
    "report": "upgrade_e2e.cli.reports",
    "gate": "upgrade_e2e.cli.gating",
    "history": "upgrade_e2e.cli.histories",
    "backup": "upgrade_e2e.cli.backup_checks",
    "matrix": "upgrade_e2e.cli.matrices",
    "annotate": "upgrade_e2e.cli.annotating",
}


class Commands(click.Group):
    """The commands above, each loaded by name."""

    def invoke(self, ctx: click.Context) -> Any:
        """Load the command and run it; an interrupt ends it with 130.

        click would end it with 1, which says that a claim is broken.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            sys.exit(128 + signal.SIGINT)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order in which they are used."""
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, or None for a name that is none."""
        if cmd_name not in MODULES:
            return None
        command = getattr(import_module(MODULES[cmd_name]), cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101 - a slip in the table above
        return command


@click.command(cls=Commands)
@click.version_option(package_name="upgrade-e2e")
def main() -> None:
    """Upgrade a Kubernetes cluster while probes watch, and show what broke.

    Example: upgrade-e2e run --provider sim
    """
