"""Whether runs of one version used one image of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upgrade_e2e.gate.run import Run

__all__ = ["digest_notes"]


def digest_notes(runs: Sequence[Run]) -> Iterator[str]:
    """A sentence for each version of which the runs used different images.

    A tag can be pushed again, and an image built again: what differs then need not be the version.
    Runs that do not know their image say nothing.
    """
    used: dict[str, dict[str, list[str]]] = {}
    for run in runs:
        for version, digest in run.images.items():
            used.setdefault(version, {}).setdefault(digest, []).append(run.name)
    for version, names in sorted(used.items()):
        if len(names) > 1:
            shown = ", ".join(f"{digest} in {_some(runs_of)}" for digest, runs_of in names.items())
            yield f"the runs used different node images of {version}: {shown}."


def _some(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"run {names[0]}"
    return f"{len(names)} runs (such as {names[0]})"
