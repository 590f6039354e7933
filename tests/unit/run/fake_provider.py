"""A pass in a second: a provider that only pretends, and an observer with made-up samples."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path as Folder

import numpy as np
import pytest

from tests.unit.observers.fake_api import FakeApi, fake_cluster
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.observers import DeployContext, Parts
from upgrade_e2e.providers.base import Capabilities
from upgrade_e2e.run import PassSettings
from upgrade_e2e.timeline import Connection, Outcome, SamplesBuilder, Span, Stream, Window
from upgrade_e2e.upgrade import Inventory, Marks, Path, Plan, Step, resolve
from upgrade_e2e.version import KubeVersion

__all__ = ["BRIEF", "OUTAGE_S", "FakeProvider", "Heartbeat", "fake_plan", "impatient"]

BRIEF = PassSettings(watch_before_s=0.0, watch_after_s=0.1)
"""Enough time for the samples that a claim needs, and no more."""
OUTAGE_S = 0.02
"""How long a Heartbeat stands still that misses."""
_EVERY_US = 250
_KNOWN = [KubeVersion.parse(text) for text in ("v1.33.13", "v1.34.4", "v1.35.4")]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is ready at once need not be asked four times a second."""
    monkeypatch.setattr("upgrade_e2e.observers.observation._LOOK_AT_MOST_EVERY_S", 0.02)


def fake_plan(*words: str, hop: str = "v1.33.13->v1.34.4") -> Plan:
    """A cluster is made, then two steps upgrade it."""
    steps = tuple(Step(kind, 60.0, "cp", hop=hop) for kind in ("apply", "drain"))
    path = resolve(words or ("v1.33", "v1.34"), _KNOWN)
    return Plan("fake", path, (Step("create", 60.0),), steps, ())


@dataclass
class FakeProvider:
    """Performs every step by counting it; `failures` are raised at the steps that they name.

    `taints` are those of its nodes `cp` and `worker`.
    """

    folder: Folder
    failures: dict[str, BaseException] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    taints: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    _open: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    capabilities = Capabilities("fake", simulated=True, pace=100.0)

    def plan(self, path: Path) -> Plan:
        """See Provider."""
        return fake_plan(*(str(version) for version in path.versions))

    def create(self, plan: Plan, marks: Marks) -> Cluster:
        """See Provider."""
        self._call("create")
        marks.mark("boot")
        self.folder.mkdir(parents=True, exist_ok=True)
        api = FakeApi()
        cluster = self._open.enter_context(fake_cluster(api, self.folder))
        for node, taints in self.taints.items():
            api.objects[f"/api/v1/nodes/{node}"]["spec"]["taints"] = taints
        return cluster

    def perform(self, step: Step, cluster: Cluster) -> None:
        """See Provider."""
        self._call(step.name)

    def inspect(self, plan: Plan, cluster: Cluster) -> Inventory:
        """See Provider."""
        return Inventory(())

    def close(self, *, keep: bool = False) -> None:
        """See Provider."""
        if not keep:
            self._open.close()
        self._call("keep" if keep else "delete")

    def _call(self, name: str) -> None:
        self.calls[name] += 1
        if name in self.failures:
            raise self.failures[name]


@dataclass(frozen=True)
class Heartbeat:
    """A beat each 250 us for as long as is watched; one that `misses` has an outage."""

    label: str = "heart"
    misses: bool = False

    @property
    def name(self) -> str:
        """See Observer."""
        return self.label

    def deploy(self, context: DeployContext) -> Parts:
        """See Observer."""
        return Parts(background_tasks=(self,))

    def start(self) -> None:
        """See BackgroundTask."""

    def missing(self) -> str:
        """See BackgroundTask."""
        return ""

    def status_line(self) -> str:
        """See BackgroundTask."""
        return ""

    def stop(self) -> None:
        """See BackgroundTask."""

    def samples(self, into: SamplesBuilder, window: Window) -> None:
        """See BackgroundTask."""
        stream = into.add_stream(
            Stream("new@worker", "worker", "heart", _EVERY_US / 1e6, 1.0, Connection.NEW)
        )
        start_us, end_us = round(window.start_s * 1e6), round(window.end_s * 1e6)
        at_us = np.arange(start_us, end_us, _EVERY_US)
        out = self.misses & (abs(at_us - (start_us + end_us) / 2) <= OUTAGE_S * 1e6 / 2)
        columns = {
            "intended_us": at_us,
            "latency_us": np.full(len(at_us), _EVERY_US // 2),
            "outcome": np.where(out, Outcome.REFUSED, Outcome.OK),
        }
        rest = dict.fromkeys(("lateness_us", "code", "backend"), np.zeros(len(at_us)))
        into.add_columns(stream, {**columns, **rest})

    def spans(self) -> tuple[Span, ...]:
        """See BackgroundTask."""
        return ()

    def broken(self) -> str:
        """See BackgroundTask."""
        return ""
