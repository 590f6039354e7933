"""A pass in which something else takes the place of the upgrade: what does that alone do?"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path as FilePath

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.judge import Limits
from upgrade_e2e.observers import Observer
from upgrade_e2e.providers.base import Provider
from upgrade_e2e.report import render_run
from upgrade_e2e.run import Claim, ConsoleProgress, JudgedPass, PassSettings, run_pass
from upgrade_e2e.run.providers import make_provider
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Path, Plan, Step
from upgrade_e2e.version import KubeVersion

__all__ = ["run_without_upgrade"]

Doing = Callable[[Step, Cluster], None]


class _Otherwise:
    """A provider that does steps of one kind itself; the rest is the real one's."""

    def __init__(self, real: Provider, kind: str, doing: Doing) -> None:
        self.real, self.kind, self.doing = real, kind, doing

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    def perform(self, step: Step, cluster: Cluster) -> None:
        """One step."""
        (self.doing if step.kind == self.kind else self.real.perform)(step, cluster)


def run_without_upgrade(
    versions: tuple[str, str],
    steps: Sequence[Step],
    doing: Doing,
    observers: tuple[Observer, ...],
    folder: FilePath,
) -> None:
    """Make the cluster of a plain pass, do these steps of one kind in it, and print the summary.

    `versions` are those of the path, of which the first is used. Artifacts go to `folder`.
    """
    settings = PassSettings()
    provider = make_provider(settings, folder / "work")
    real = provider.plan(Path(tuple(map(KubeVersion.parse, versions))))
    kind = steps[0].kind
    judged = JudgedPass(
        plan=Plan(
            real.provider, real.path, real.prepare[:1], tuple(steps), (), {kind: "no upgrade"}
        ),
        settings=settings,
        limits=Limits.default(),
        folder=folder,
        provider=_Otherwise(provider, kind, doing),  # type: ignore[arg-type]
    )
    watched = Claim("watched", "Every observer watches.", lambda *_: None, observers)
    origin = Origin()
    with contextlib.closing(ConsoleProgress(sys.stderr, origin)) as progress:
        print(render_run(run_pass(judged, [watched], progress, origin)))
