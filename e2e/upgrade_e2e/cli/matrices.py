"""`matrix`: which paths a CI job walks."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from upgrade_e2e.bumps import (
    Question,
    Walks,
    answer_of,
    decode_diff,
    diff_of_revisions,
    find_bumps,
)
from upgrade_e2e.cli.shared import FILE, exit_on_errors, options
from upgrade_e2e.errors import BadInput
from upgrade_e2e.pipelines import (
    Matrix,
    Unknown,
    build_matrix,
    explain,
    fails_on,
    matrix_of_answer,
    neighbouring_paths,
)
from upgrade_e2e.run.exit_codes import INCONCLUSIVE
from upgrade_e2e.run.request import settings_of, values_of
from upgrade_e2e.run.resolving import WordResolver, is_open
from upgrade_e2e.version import KubeVersion

__all__ = ["matrix"]


_CHANGE = options(
    click.option(
        "--diff",
        type=FILE,
        metavar="FILE",
        help="A unified diff, or - for standard input. The paths are those from the Kubernetes "
        "versions that it removes to those that it adds. Default: none.",
    ),
    click.option(
        "--rev",
        metavar="REVISIONS",
        help="The same for two revisions of the git repository in this folder, as in "
        "main...HEAD, with whole files. Default: none.",
    ),
    click.option(
        "--file",
        "files",
        multiple=True,
        metavar="PATTERN",
        help="Of a change, look only at files like this one, as in infra/*.tf. May be repeated. "
        "Default: all files.",
    ),
    click.option(
        "--versions-in",
        multiple=True,
        metavar="PATTERN",
        help="Files that hold Kubernetes versions: in them no version may stay unknown. May be "
        "repeated. Default: those of the configuration.",
    ),
    click.option(
        "--key",
        "keys",
        multiple=True,
        metavar="PATH",
        help="The whole path of one more key that holds a Kubernetes version, like "
        "spec.topology.version. May be repeated.",
    ),
    click.option(
        "--never-rolled-out",
        multiple=True,
        metavar="VERSION",
        help="A version that no cluster ever got, so that a way down from it is none. May be "
        "repeated. Default: those of the configuration.",
    ),
    click.option(
        "--unknown",
        type=click.Choice([choice.value for choice in Unknown]),
        default=Unknown.WARN.value,
        help="What to do about a version that is not understood, or cannot be walked: end with "
        "3 when it is in a file of --versions-in (or in any file, when none is named), warn, or "
        "only print it. Default: warn.",
    ),
    click.option(
        "--nearest-patch",
        is_flag=True,
        help="Where a version has no image, or one of a change is not known, walk the nearest "
        "patch of its minor that is.",
    ),
    click.option(
        "--annotations",
        is_flag=True,
        help="Print what was found as annotations of GitHub Actions, at file and line.",
    ),
    click.option(
        "--config",
        type=FILE,
        metavar="FILE",
        help="The file with the configuration table. Default: upgrade-e2e.toml or pyproject.toml "
        "in this folder.",
    ),
)


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
@_CHANGE
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
    image_for: tuple[str, ...],
    as_json: bool,
    config: Path | None,
    **change: Any,
) -> None:
    """Print the jobs of a CI run: the paths between VERSIONS, or those that a change asks for.

    VERSIONS are Kubernetes versions, minors like v1.34, or latest; what has no node image is
    refused before any job starts. Default: all whose node images are on this machine, or else those
    published for its kind. For a change, VERSIONS are those that are known, taken as they are, and
    standard error says what was found, with file and line.

    Example: upgrade-e2e matrix v1.32 v1.33.7 v1.34.3 --hops 2 --runs 5 --json
    """
    table = _Table(image_for, config, nearest_patch=change["nearest_patch"])
    diff = _diff_of(change)
    known = table.known(versions, as_they_are=diff is not None)
    failing = False
    made: Matrix
    if diff is None:
        _refuse_options_of_a_change(change)
        paths = neighbouring_paths(known, most_hops=hops, newest=newest)
        made = build_matrix(paths, runs=runs, faults=faults)
    else:
        answer, failing = _answer(diff, change, table, known)
        made = matrix_of_answer(answer, runs=runs, faults=faults)
    click.echo(made.to_json() if as_json else made.render())
    if failing:
        sys.exit(INCONCLUSIVE)


def _answer(
    diff: str, change: Mapping[str, Any], table: _Table, known: Sequence[KubeVersion]
) -> tuple[Walks, bool]:
    """What a change asks for, after saying it; and whether that must end the command with 3."""
    values = table.values()
    question = Question(
        only=change["files"],
        named=(*change["versions_in"], *values.get("versions-in", ())),
        keys=change["keys"],
        rules=values.get("bump-rules", ()),
    )
    abandoned = (*change["never_rolled_out"], *values.get("never-rolled-out", ()))
    answer = answer_of(
        find_bumps(diff, question),
        known,
        never_rolled_out=abandoned,
        nearest_patch=bool(values["nearest-patch"]),
    )
    unknown = Unknown(change["unknown"])
    failing = fails_on(answer, question)
    for line in explain(answer, failing, unknown, annotations=change["annotations"]):
        click.echo(line, err=True)
    return answer, unknown is Unknown.FAIL and bool(failing)


@dataclass(frozen=True)
class _Table:
    """The configuration table, read when it is needed."""

    image_for: tuple[str, ...]
    config: Path | None
    nearest_patch: bool

    def values(self) -> dict[str, Any]:
        """All options."""
        given: dict[str, Any] = {"image-for": self.image_for, "config": self.config}
        if self.nearest_patch:
            given["nearest-patch"] = True
        return values_of(given, Path.cwd())

    def known(self, words: tuple[str, ...], *, as_they_are: bool) -> list[KubeVersion]:
        """The versions that words mean, found as for a pass, so that no job starts in vain.

        Where full versions are only what a change may end at, they are taken `as_they_are`.
        """
        resolver = WordResolver.of(settings_of(self.values()))
        if not words:
            return sorted(resolver.open_versions())
        known: list[KubeVersion] = []
        for word in words:
            if is_open(word) or not as_they_are:
                resolved = resolver.resolve([word])
                known += resolved.versions
                for sentence in resolved.sentences:
                    click.echo(f"upgrade-e2e: {sentence}", err=True)
            else:
                known.append(KubeVersion.parse(word))
        return known


def _diff_of(change: Mapping[str, Any]) -> str | None:
    """The text of the change; None where none is given."""
    file, revisions = change["diff"], change["rev"]
    if file is not None and revisions is not None:
        raise BadInput("--diff and --rev name a change each; give one of them.")
    if revisions is not None:
        return diff_of_revisions(revisions, Path.cwd())
    return None if file is None else _read(file)


def _refuse_options_of_a_change(change: Mapping[str, Any]) -> None:
    names = ("files", "keys", "versions_in", "never_rolled_out", "annotations")
    if any(change[name] for name in names) or change["unknown"] != Unknown.WARN.value:
        raise BadInput(
            "--file, --key, --versions-in, --never-rolled-out, --unknown and --annotations say how "
            "a change is read; give it with --diff or --rev."
        )


def _read(diff: Path) -> str:
    try:
        data = sys.stdin.buffer.read() if str(diff) == "-" else diff.read_bytes()
    except OSError as error:
        raise BadInput(f"{diff} cannot be read ({error.strerror}); check the path.") from error
    return decode_diff(data, "standard input" if str(diff) == "-" else str(diff))
