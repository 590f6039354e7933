"""`matrix`: which paths a CI job walks."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from upgrade_e2e.cli.shared import FILE, tell_errors
from upgrade_e2e.errors import BadInput
from upgrade_e2e.pipelines import Matrix, build_matrix, matrix_of_diff, neighbouring_paths
from upgrade_e2e.providers.kind import known_versions
from upgrade_e2e.run.providers import kind_settings
from upgrade_e2e.run.request import settings_of, values_of
from upgrade_e2e.version import KubeVersion

__all__ = ["matrix"]


@click.command()
@click.argument("versions", nargs=-1)
@click.option("--hops", type=int, default=1, show_default=True, help="Longest path, in hops.")
@click.option("--newest", type=int, help="Only paths that end at one of so many newest minors.")
@click.option("--runs", type=int, default=1, show_default=True, help="Jobs a path.")
@click.option("--fault", "faults", multiple=True, help="One more job a path, with this planted.")
@click.option("--diff", type=FILE, help="The paths of the versions that this diff replaces.")
@click.option("--file", "files", multiple=True, help="With --diff: only files like this pattern.")
@click.option("--key", "keys", multiple=True, help="With --diff: one more key with a version.")
@click.option("--image-for", multiple=True, help="A node image: v1.34.4=NAME.")
@click.option("--json", "as_json", is_flag=True, help="One line, for strategy.matrix.")
@tell_errors
def matrix(
    *,
    versions: tuple[str, ...],
    hops: int,
    newest: int | None,
    runs: int,
    faults: tuple[str, ...],
    diff: Path | None,
    files: tuple[str, ...],
    keys: tuple[str, ...],
    image_for: tuple[str, ...],
    as_json: bool,
) -> None:
    """Print the paths between VERSIONS, or those that a diff asks for, as jobs of a CI run.

    Without VERSIONS: those that a node image is here for.
    """
    known = [KubeVersion.parse(word) for word in versions] or _local(image_for)
    made: Matrix
    if diff is None:
        if files or keys:
            raise BadInput("--file and --key say where in a diff to look; give it with --diff.")
        paths = neighbouring_paths(known, most_hops=hops, newest=newest)
        made = build_matrix(paths, runs=runs, faults=faults)
    else:
        made = matrix_of_diff(_read(diff), known, files=files, keys=keys, runs=runs, faults=faults)
    click.echo(made.to_json() if as_json else made.render())


def _local(image_for: tuple[str, ...]) -> list[KubeVersion]:
    settings = settings_of(values_of({"image-for": image_for}, Path.cwd()))
    return known_versions(kind_settings(settings, Path()))


def _read(diff: Path) -> str:
    try:
        if str(diff) == "-":
            return sys.stdin.read()
        return diff.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{diff} cannot be read ({error.strerror}); check the path.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{diff} is not text in UTF-8 ({error.reason}).") from error
