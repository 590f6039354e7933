"""How many nodes a pass has: as asked, as the kind configuration says, or as docker counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind import KindConfig, counted_nodes

__all__ = ["NodeCounts", "count_nodes"]

CONTROL_PLANES, WORKERS = 1, 2
"""What is made where nobody says otherwise."""


@dataclass(frozen=True)
class NodeCounts:
    """The nodes of a pass; `assumed` is whether they are a guess at those of a cluster to reuse."""

    control_planes: int = CONTROL_PLANES
    workers: int = WORKERS
    assumed: bool = False


def count_nodes(
    control_planes: int | None,
    workers: int | None,
    config: KindConfig | None,
    reused: str,
    counted: Callable[[str], tuple[int, int] | None] = counted_nodes,
) -> NodeCounts:
    """The counts, where the numbers asked for (None where they were not) go before all others.

    `config` is the user's kind configuration, `reused` the cluster to reuse (empty for none), which
    is counted with `counted`. Raises BadInput for numbers that are not those of the configuration.
    """
    if config is not None:
        _require_same(control_planes, workers, config)
        return NodeCounts(config.control_planes, config.workers)
    found = None
    if reused and None in {control_planes, workers}:
        found = counted(reused)
    usual = found or (CONTROL_PLANES, WORKERS)
    return NodeCounts(
        usual[0] if control_planes is None else control_planes,
        usual[1] if workers is None else workers,
        assumed=bool(reused) and found is None and None in {control_planes, workers},
    )


def _require_same(control_planes: int | None, workers: int | None, config: KindConfig) -> None:
    asked = {"control-planes": control_planes, "workers": workers}
    found = {"control-planes": config.control_planes, "workers": config.workers}
    for option, count in asked.items():
        if count not in {None, found[option]}:
            raise BadInput(
                f"{option} is {count}, and kind-config {config.file} has {found[option]}; the "
                "file counts: leave the option out."
            )
