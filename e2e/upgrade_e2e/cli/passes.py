"""`run` and `plan`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from upgrade_e2e.cli.common import PATH_OPTIONS, options, tell_errors
from upgrade_e2e.command import run_in_foreground
from upgrade_e2e.errors import BadInput
from upgrade_e2e.run.choose import DEFAULT_PATH, Choice, choose, make_plan
from upgrade_e2e.run.exit_codes import code_of_child
from upgrade_e2e.run.paths import path_words
from upgrade_e2e.run.settings import (
    KEEP_CHOICES,
    PassSettings,
    load_config,
    parse_image_overrides,
    with_config,
)
from upgrade_e2e.upgrade import Fault, Plan

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

    Without a provider: kind where docker has the node images of the path, else a simulated
    cluster. Without a path: v1.33 to v1.34.

    Exit codes: 0 all passed, 1 a claim or the upgrade failed, 2 bad input, 3 inconclusive,
    4 the cluster could not be made, 130 interrupted.
    """
    asked = Asked.of(choices)
    asked.tell()
    asked.plans()
    argv = [sys.executable, "-m", "pytest", *map(_scenario_file, scenarios or ("",))]
    # Hypothesis, where installed, takes seconds to say at the end that it was not used.
    argv += ["-p", "no:hypothesispytest"]
    argv += ["-p", "no:cacheprovider", "-o", "addopts=", "--tb=short", "--verdict-exit-codes"]
    argv += [*pytest_arguments(asked.settled(choices)), *pytest_args]
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
    asked = Asked.of(choices)
    asked.tell()
    for made in asked.plans():
        _print_plan(made)


@dataclass(frozen=True)
class Asked:
    """What the options of a command ask for, with a provider and a path where they named none."""

    paths: tuple[tuple[str, ...], ...]
    settings: PassSettings
    choice: Choice

    @classmethod
    def of(cls, choices: Mapping[str, Any]) -> Asked:
        """Raises BadInput for what cannot work."""
        paths = path_words(choices["source"], choices["target"], choices["via"], choices["paths"])
        paths = paths or (DEFAULT_PATH,)
        settings = with_config(_settings(choices), load_config(choices.get("config"), Path.cwd()))
        named = choices["provider"]
        choice = Choice(named, "") if named else choose(settings, paths)
        return cls(paths, replace(settings, provider=choice.provider), choice)

    def tell(self) -> None:
        """Say which provider was chosen."""
        if self.choice.why:
            click.echo(f"upgrade-e2e: {self.choice.why}", err=True)

    def plans(self) -> list[Plan]:
        """A plan for each path; touches nothing. Raises BadInput for what cannot work."""
        return [make_plan(words, self.settings) for words in self.paths]

    def settled(self, choices: Mapping[str, Any]) -> dict[str, Any]:
        """The options with provider and paths spelled out, so that they are not chosen again."""
        paths = tuple(",".join(words) for words in self.paths)
        named = {"provider": self.choice.provider, "paths": paths}
        return {**choices, **named, "source": None, "target": None, "via": ()}


def _settings(choices: Mapping[str, Any]) -> PassSettings:
    return PassSettings(
        control_planes=choices["control_planes"],
        workers=choices["workers"],
        node_image=choices["node_image"],
        node_images=parse_image_overrides(choices["image_for"]),
        fast_control_plane=choices["fast_control_plane"],
        reuse_cluster=choices.get("reuse_cluster") or "",
        faults=tuple(Fault.parse(word) for word in choices["faults"]),
    )


def _print_plan(made: Plan) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    console.print(f"[bold]{made.path}[/bold] on {made.provider}")
    for name, value in made.choices.items():
        console.print(f"  {name}: {value}")
    table = Table("#", "step", "hop", "what it does", box=None, pad_edge=False)
    for number, step in enumerate(made.steps, start=1):
        table.add_row(str(number), step.name, step.hop, "\n".join(step.does))
    console.print(table)
