"""Whether runs were made on one ground: one image of each version, one class of machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from upgrade_e2e.gate.run import Run

__all__ = ["ground_notes"]


def ground_notes(runs: Sequence[Run]) -> Iterator[str]:
    """A sentence for each version of which the runs used different images, and one for machines.

    A tag can be pushed again, and an image built again, and a busier machine is slower: what
    differs then need not be the version. Runs that do not know their image, or their machine, say
    nothing of it.
    """
    machines: dict[str, list[str]] = {}
    used: dict[str, dict[str, list[str]]] = {}
    for run in runs:
        if run.machine:
            machines.setdefault(run.machine, []).append(run.name)
        for version, digest in run.images.items():
            used.setdefault(version, {}).setdefault(digest, []).append(run.name)
    if len(machines) > 1:
        yield f"the runs were made on different machines: {_each(machines)}."
    for version, names in sorted(used.items()):
        if len(names) > 1:
            yield f"the runs used different node images of {version}: {_each(names)}."


def _each(names: Mapping[str, Sequence[str]]) -> str:
    return ", ".join(f"{value} in {_some(runs_of)}" for value, runs_of in names.items())


def _some(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"run {names[0]}"
    return f"{len(names)} runs (such as {names[0]})"
