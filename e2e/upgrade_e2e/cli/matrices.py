"""`matrix`: which paths a CI job walks."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from upgrade_e2e.cli.shared import FILE, exit_on_errors
from upgrade_e2e.errors import BadInput
from upgrade_e2e.pipelines import Matrix, build_matrix, matrix_of_diff, neighbouring_paths
from upgrade_e2e.run.request import settings_of, values_of
from upgrade_e2e.run.resolving import WordResolver, is_open
from upgrade_e2e.version import KubeVersion

__all__ = ["matrix"]


@click.command()
@click.argument("versions", nargs=-1)
@click.option(
    "--hops", type=int, default=1, metavar="N", help="The length of the longest path. Default: 1."
)
@click.option(
    "--newest",
    type=int,
    metavar="N",
    help="Keep only paths that end at one of the N newest minors. Default: all paths.",
)
@click.option(
    "--runs", type=int, default=1, metavar="N", help="The number of jobs per path. Default: 1."
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="FAULT",
    help="Add one job per path in which this fault is planted: a positive control. May be "
    "repeated. Default: none.",
)
@click.option(
    "--diff",
    type=FILE,
    metavar="FILE",
    help="A unified diff, or - for standard input. The paths are those from the Kubernetes "
    "versions that it removes to those that it adds. Default: none.",
)
@click.option(
    "--file",
    "files",
    multiple=True,
    metavar="PATTERN",
    help="With --diff, look only at files like this one, as in infra/*.tf. May be repeated. "
    "Default: all files.",
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="KEY",
    help="With --diff, the name of one more key that holds a Kubernetes version. May be repeated.",
)
@click.option(
    "--image-for",
    multiple=True,
    metavar="VERSION=IMAGE",
    help="The node image of one version, like v1.34.3=NAME. May be repeated.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the jobs as one line of JSON, for strategy.matrix.",
)
@exit_on_errors
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
    """Print the jobs of a CI run: the paths between VERSIONS, or those that a diff asks for.

    VERSIONS are Kubernetes versions, which are taken as they are, minors like v1.34, or latest.
    Default: all whose node images are on this machine, or else those published for its kind.

    Example: upgrade-e2e matrix v1.32 v1.33.7 v1.34.3 --hops 2 --runs 5 --json
    """
    known = _known(versions, image_for)
    made: Matrix
    if diff is None:
        if files or keys:
            raise BadInput("--file and --key say where in a diff to look; give it with --diff.")
        paths = neighbouring_paths(known, most_hops=hops, newest=newest)
        made = build_matrix(paths, runs=runs, faults=faults)
    else:
        made = matrix_of_diff(_read(diff), known, files=files, keys=keys, runs=runs, faults=faults)
    click.echo(made.to_json() if as_json else made.render())


def _known(words: tuple[str, ...], image_for: tuple[str, ...]) -> list[KubeVersion]:
    """The versions that the words mean; a full version may have its image where the job runs."""
    settings = settings_of(values_of({"image-for": image_for}, Path.cwd()))
    resolver = WordResolver.of(settings)
    if not words:
        return sorted(resolver.open_versions())
    known: list[KubeVersion] = []
    for word in words:
        if is_open(word):
            resolved = resolver.resolve([word])
            known += resolved.versions
            for sentence in resolved.sentences:
                click.echo(f"upgrade-e2e: {sentence}", err=True)
        else:
            known.append(KubeVersion.parse(word))
    return known


def _read(diff: Path) -> str:
    try:
        if str(diff) == "-":
            return sys.stdin.read()
        return diff.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{diff} cannot be read ({error.strerror}); check the path.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{diff} is not text in UTF-8 ({error.reason}).") from error
