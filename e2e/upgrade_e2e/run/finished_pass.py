"""A pass that is over, however it ended, with what no verdict changes."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from upgrade_e2e.command import run
from upgrade_e2e.errors import CommandFailed
from upgrade_e2e.judge import Views
from upgrade_e2e.report import (
    ApiCost,
    EtcdResult,
    ObserverResult,
    Resources,
    RuntimeRow,
    api_cost_of,
    etcd_result_of,
    observer_results,
    resources_of,
    runtime_rows,
)
from upgrade_e2e.report.html import Drawn
from upgrade_e2e.run.pass_ import RunningPass
from upgrade_e2e.run.reference import Reference
from upgrade_e2e.run.upgraded import Upgraded
from upgrade_e2e.timeline import Timeline, Window

__all__ = ["FinishedPass"]


@dataclass(frozen=True)
class FinishedPass:
    """A pass that is over: `upgraded` is None when it ended before anything could be judged.

    `error` says why it ended early; `cluster_made` is false when there was nothing to watch, and
    `refused` is true when what was asked for cannot work. `reference` is what its cost is compared
    with.
    """

    running: RunningPass
    upgraded: Upgraded | None
    error: str
    cluster_made: bool
    duration_s: float
    refused: bool = False
    reference: Reference = field(default_factory=Reference)

    # These do not depend on verdicts: computed once, even if artifacts are written again.

    @cached_property
    def drawn(self) -> Drawn:
        """The samples as the report shows them; none when nothing could be judged."""
        if self.upgraded is not None:
            return Drawn(self.upgraded.views)
        what, spans = self.running.what, tuple(self.running.spans)
        return Drawn(Views(Timeline(Window(0.0, 0.0), spans), what.limits))

    @cached_property
    def observers(self) -> tuple[ObserverResult, ...]:
        """The figures of each observer."""
        return observer_results(self.drawn.views)

    @cached_property
    def api_cost(self) -> ApiCost | None:
        """What the absences of the API server cost."""
        return api_cost_of(self.drawn.views)

    @cached_property
    def runtimes(self) -> tuple[RuntimeRow, ...]:
        """What is known of the container runtimes."""
        return runtime_rows(self.drawn.views)

    @cached_property
    def resources(self) -> Resources | None:
        """What nodes and their components used."""
        return resources_of(self.drawn.views)

    @cached_property
    def etcd(self) -> EtcdResult | None:
        """How the members of etcd fared."""
        return etcd_result_of(self.drawn.views)

    @cached_property
    def tools(self) -> Mapping[str, str]:
        """The versions of everything that took part."""
        return tool_versions(self.running.what.provider.capabilities.tools)


def tool_versions(commands: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The version of each tool, as it prints it, and of what the pass ran on."""
    versions = {
        "upgrade-e2e": importlib.metadata.version("upgrade-e2e"),
        "python": platform.python_version(),
        "kernel": f"{platform.system()} {platform.release()}",
    }
    for name, argv in commands.items():
        try:
            versions[name] = run(argv, timeout_s=10).stdout.strip()
        except CommandFailed as error:
            versions[name] = f"unknown (exit code {error.returncode})"
    return versions
