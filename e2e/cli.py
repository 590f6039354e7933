"""The command line: thin commands over the library."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.table import Table

from e2e.command import run_in_foreground
from e2e.errors import BadInput, E2eError
from e2e.providers.doctor import examine
from e2e.run.choose import PROVIDERS, make_plan, sweep_dead
from e2e.run.exit_codes import BAD_INPUT, FAILED, code_of_child
from e2e.run.faults import known_faults
from e2e.run.paths import path_words
from e2e.run.settings import (
    KEEP_CHOICES,
    PassSettings,
    load_config,
    parse_image_overrides,
    with_config,
)
from e2e.upgrade import Fault, Plan

__all__ = ["main"]

PATH_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--from", "source", help="The version to start at, like v1.33.13 or v1.33."),
    click.option("--to", "target", help="The version to end at."),
    click.option("--via", multiple=True, help="A version in between; may be repeated."),
    click.option("--path", "paths", multiple=True, help="A whole path: v1.32.2,v1.33.13,v1.34.4."),
    click.option("--provider", type=click.Choice(PROVIDERS), default=PROVIDERS[0]),
    click.option("--control-planes", type=int, default=1, show_default=True),
    click.option("--workers", type=int, default=2, show_default=True),
    click.option("--node-image", default=PassSettings().node_image, show_default=True),
    click.option("--image-for", multiple=True, help="A node image: v1.34.4=NAME."),
    click.option("--fast-control-plane", is_flag=True, help="Two API server flags; see docs."),
    click.option("--fault", "faults", multiple=True, help="Plant a fault; see `faults`."),
)


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _tell_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(command)
    def told(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except BadInput as error:
            _leave(str(error), BAD_INPUT)
        except E2eError as error:
            _leave(str(error), FAILED)

    return told


def _leave(message: str, code: int) -> NoReturn:
    click.echo(f"upgrade-e2e: {message}", err=True)
    sys.exit(code)


@click.group()
@click.version_option(package_name="upgrade-e2e")
def main() -> None:
    """Upgrade a cluster in place while probes watch, and say what broke."""


@main.command(context_settings={"ignore_unknown_options": True})
@_options(*PATH_OPTIONS)
@click.option("--artifacts-dir", type=click.Path(path_type=Path), default=Path("artifacts"))
@click.option("--limits", type=click.Path(path_type=Path), help="Limits that differ.")
@click.option("--config", type=click.Path(path_type=Path), help="In place of pyproject.toml.")
@click.option("--agent-image", help="Any image with Python 3.11 or newer.")
@click.option("--edge-image", help="An nginx image.")
@click.option("--keep-cluster", type=click.Choice(KEEP_CHOICES), default="never")
@click.option("--reuse-cluster", help="Upgrade this kind cluster instead of a new one.")
@click.option("--baseline", type=float, help="Seconds watched before the first step.")
@click.option("--settle", type=float, help="Seconds watched after the last step.")
@click.option("--parallel", "-n", type=int, default=0, help="How many paths at a time.")
@click.option("--scenario", "-s", "scenarios", multiple=True, help="A name or a file; all.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
@_tell_errors
def run(
    scenarios: tuple[str, ...], parallel: int, pytest_args: tuple[str, ...], **options: Any
) -> None:
    """Run the pass and judge the scenarios; what follows `--` goes to pytest.

    Exit codes: 0 all passed, 1 a claim or the upgrade failed, 2 bad input, 3 inconclusive,
    4 the cluster could not be made, 130 interrupted.
    """
    _plans(options)
    argv = [sys.executable, "-m", "pytest", *map(_scenario_file, scenarios or ("",))]
    argv += ["-p", "no:cacheprovider", "-o", "addopts=", "--tb=short", "--verdict-exit-codes"]
    argv += [*pytest_arguments(options), *pytest_args]
    if parallel:
        argv += ["-n", str(parallel)]
    sys.exit(code_of_child(run_in_foreground(argv)))


def pytest_arguments(options: Mapping[str, Any]) -> list[str]:
    """The options of `run`, as the pytest plugin spells them; those not given are left out."""
    renamed = {"source": "from-version", "target": "to-version", "paths": "path", "faults": "fault"}
    words: list[str] = []
    for key, value in options.items():
        name = "--" + renamed.get(key, key.replace("_", "-"))
        if value is True:
            words.append(name)
        elif isinstance(value, tuple):
            words += [f"{name}={part}" for part in value]
        elif value not in (None, False):
            words.append(f"{name}={value}")
    return words


def _scenario_file(name: str) -> str:
    if name and Path(name.partition("::")[0]).exists():
        return name
    folder = Path(str(resources.files("scenarios")))
    if not name:
        return str(folder)
    found = folder / f"test_{name.removeprefix('test_').removesuffix('.py')}.py"
    if not found.is_file():
        known = ", ".join(sorted(f.stem.removeprefix("test_") for f in folder.glob("test_*.py")))
        raise BadInput(f"there is no scenario {name!r}; it is a file, or one of {known}.")
    return str(found)


@main.command()
@_options(*PATH_OPTIONS)
@_tell_errors
def plan(**options: Any) -> None:
    """Print the steps of a pass; touches nothing."""
    for made in _plans(options):
        _print_plan(made)


def _plans(options: Mapping[str, Any]) -> list[Plan]:
    request = path_words(options["source"], options["target"], options["via"], options["paths"])
    if not request:
        raise BadInput("give --from and --to, or --path; for example --from v1.33 --to v1.34.")
    settings = PassSettings(
        provider=options["provider"],
        control_planes=options["control_planes"],
        workers=options["workers"],
        node_image=options["node_image"],
        node_images=parse_image_overrides(options["image_for"]),
        fast_control_plane=options["fast_control_plane"],
        faults=tuple(Fault.parse(word) for word in options["faults"]),
    )
    table = load_config(options.get("config"), Path.cwd())
    return [make_plan(words, with_config(settings, table)) for words in request]


def _print_plan(made: Plan) -> None:
    console = Console(highlight=False)
    console.print(f"[bold]{made.path}[/bold] on {made.provider}")
    for name, value in made.choices.items():
        console.print(f"  {name}: {value}")
    table = Table("#", "step", "hop", "what it does", box=None, pad_edge=False)
    for number, step in enumerate(made.steps, start=1):
        table.add_row(str(number), step.name, step.hop, "\n".join(step.does))
    console.print(table)


@main.command()
@_tell_errors
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


@main.command()
@click.argument("versions", nargs=-1)
@_tell_errors
def doctor(versions: tuple[str, ...]) -> None:
    """Say what this machine lacks, and the command that mends it; exit 1 if something is."""
    findings = examine(versions)
    for finding in findings:
        click.echo(str(finding))
    sys.exit(0 if all(finding.ok for finding in findings) else FAILED)


@main.command()
def faults() -> None:
    """List the failures that can be planted with `--fault`, to prove that a scenario notices."""
    table = Table("write", "breaks", "providers", box=None, pad_edge=False)
    for fault in known_faults():
        table.add_row(fault.form, fault.breaks, fault.providers)
    Console(highlight=False).print(table)
