"""`init` and `schema`: the first configuration file, and what editors need to check one."""

from __future__ import annotations

import os
from pathlib import Path

import click

from upgrade_e2e.cli.shared import FILE, exit_on_errors
from upgrade_e2e.cluster.outline import read_outline
from upgrade_e2e.errors import BadInput
from upgrade_e2e.files import write_whole
from upgrade_e2e.run.config import CONFIG_FILE, load_config
from upgrade_e2e.run.drafting import Draft, draft_config, draft_for
from upgrade_e2e.run.schema import shipped_schema

__all__ = ["init", "schema"]


@click.command()
@click.option(
    "--kubeconfig",
    type=FILE,
    metavar="FILE",
    help="The kubeconfig of the cluster at hand. Default: $KUBECONFIG, or ~/.kube/config.",
)
@click.option(
    "--output",
    type=FILE,
    default=Path(CONFIG_FILE),
    metavar="FILE",
    help=f"The file to write. Default: {CONFIG_FILE}.",
)
@click.option("--force", is_flag=True, help="Write over a file that is there already.")
@exit_on_errors
def init(kubeconfig: Path | None, output: Path, *, force: bool) -> None:
    """Write a commented configuration file that fits the cluster at hand.

    The cluster of the current context is asked for its version and its nodes; nothing is changed
    there. The file then asks for a rehearsal of its next upgrade. Without a cluster that answers,
    the file shows the defaults.

    Example: upgrade-e2e init
    """
    if output.exists() and not force:
        raise BadInput(f"{output} is there already; add --force to write over it.")
    if output.name == CONFIG_FILE:
        _require_no_table(output.parent)
    draft = _draft(kubeconfig)
    write_whole(draft_config(draft), output)
    for remark in draft.remarks:
        click.echo(remark, err=True)
    click.echo(f"{output} is written; `upgrade-e2e plan` shows what it asks for.")


@click.command()
def schema() -> None:
    """Print the JSON schema of the configuration file, for editors.

    Example: upgrade-e2e schema
    """
    click.echo(shipped_schema(), nl=False)


def _draft(kubeconfig: Path | None) -> Draft:
    """What the cluster at hand makes of the file; one that was named must answer."""
    if kubeconfig is not None:
        return draft_for(read_outline(kubeconfig))
    usual = _usual_kubeconfig()
    if not usual.is_file():
        return Draft(remarks=(f"No cluster is at hand: there is no {usual}.",))
    try:
        return draft_for(read_outline(usual))
    except BadInput as error:
        return Draft(remarks=(f"No cluster is at hand: {error}",))


def _usual_kubeconfig() -> Path:
    """The file that kubectl would read first."""
    named = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    return Path(named) if named else Path.home() / ".kube" / "config"


def _require_no_table(folder: Path) -> None:
    """Refuse a second place for options, which `run` would not accept."""
    only_project = not (folder / CONFIG_FILE).exists()
    if only_project and load_config(None, folder):
        raise BadInput(
            "[tool.upgrade-e2e] in pyproject.toml has options already, and only one place may "
            "have them; name another file with --output, and `run` it with --config."
        )
