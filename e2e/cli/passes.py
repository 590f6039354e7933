"""`run` and `plan`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from e2e.cli.common import PATH_OPTIONS, options, tell_errors
from e2e.command import run_in_foreground
from e2e.errors import BadInput
from e2e.run.choose import make_plan
from e2e.run.exit_codes import code_of_child
from e2e.run.paths import path_words
from e2e.run.settings import (
    KEEP_CHOICES,
    PassSettings,
    load_config,
    parse_image_overrides,
    with_config,
)
from e2e.upgrade import Fault, Plan

__all__ = ["plan", "run"]


@click.command(context_settings={"ignore_unknown_options": True})
@options(*PATH_OPTIONS)
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
@tell_errors
def run(
    scenarios: tuple[str, ...], parallel: int, pytest_args: tuple[str, ...], **choices: Any
) -> None:
    """Run the pass and judge the scenarios; what follows `--` goes to pytest.

    Exit codes: 0 all passed, 1 a claim or the upgrade failed, 2 bad input, 3 inconclusive,
    4 the cluster could not be made, 130 interrupted.
    """
    plans(choices)
    argv = [sys.executable, "-m", "pytest", *map(_scenario_file, scenarios or ("",))]
    # Hypothesis, where installed, takes seconds to say at the end that it was not used.
    argv += ["-p", "no:hypothesispytest"]
    argv += ["-p", "no:cacheprovider", "-o", "addopts=", "--tb=short", "--verdict-exit-codes"]
    argv += [*pytest_arguments(choices), *pytest_args]
    if parallel:
        argv += ["-n", str(parallel)]
    sys.exit(code_of_child(run_in_foreground(argv)))


def pytest_arguments(choices: Mapping[str, Any]) -> list[str]:
    """The options of `run`, as the pytest plugin spells them; those not given are left out."""
    renamed = {"source": "from-version", "target": "to-version", "paths": "path", "faults": "fault"}
    words: list[str] = []
    for key, value in choices.items():
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


@click.command()
@options(*PATH_OPTIONS)
@tell_errors
def plan(**choices: Any) -> None:
    """Print the steps of a pass; touches nothing."""
    for made in plans(choices):
        _print_plan(made)


def plans(choices: Mapping[str, Any]) -> list[Plan]:
    request = path_words(choices["source"], choices["target"], choices["via"], choices["paths"])
    if not request:
        raise BadInput("give --from and --to, or --path; for example --from v1.33 --to v1.34.")
    settings = PassSettings(
        provider=choices["provider"],
        control_planes=choices["control_planes"],
        workers=choices["workers"],
        node_image=choices["node_image"],
        node_images=parse_image_overrides(choices["image_for"]),
        fast_control_plane=choices["fast_control_plane"],
        faults=tuple(Fault.parse(word) for word in choices["faults"]),
    )
    table = load_config(choices.get("config"), Path.cwd())
    return [make_plan(words, with_config(settings, table)) for words in request]


def _print_plan(made: Plan) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    console.print(f"[bold]{made.path}[/bold] on {made.provider}")
    for name, value in made.choices.items():
        console.print(f"  {name}: {value}")
    table = Table("#", "step", "hop", "what it does", box=None, pad_edge=False)
    for number, step in enumerate(made.steps, start=1):
        table.add_row(str(number), step.name, step.hop, "\n".join(step.does))
    console.print(table)
