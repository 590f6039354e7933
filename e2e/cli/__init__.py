"""The command line: thin commands over the library."""

from __future__ import annotations

import click

from e2e.cli.machine import doctor, faults, simulator, sweep
from e2e.cli.passes import plan, run

__all__ = ["main"]


@click.group()
@click.version_option(package_name="upgrade-e2e")
def main() -> None:
    """Upgrade a cluster in place while probes watch, and say what broke."""


for command in (run, plan, doctor, faults, simulator, sweep):
    main.add_command(command)
