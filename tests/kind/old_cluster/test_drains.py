"""A drain that does not end says by whom it is held, in its first line.

Each test puts a pod on a worker that does not go, and performs one `drain` step of a plan.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kind.conftest import NEW, OLD
from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster
from upgrade_e2e.cluster.asking import ask
from upgrade_e2e.cluster.pods import is_ready
from upgrade_e2e.errors import Blocked
from upgrade_e2e.providers.kind import KindProvider, KindSettings
from upgrade_e2e.providers.kind.planning import make_plan
from upgrade_e2e.upgrade import Step, resolve
from upgrade_e2e.wait import Deadline, wait_for

pytestmark = pytest.mark.thorough(part="faults")

POD = "/api/v1/namespaces/default/pods/held"
APP = {"app": "held"}


class Held:
    """The first worker of a cluster, with the pod `default/held` on it."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster, self.folder = cluster, folder

    def put(
        self,
        meta: dict[str, Any] | None = None,
        lifecycle: dict[str, Any] | None = None,
        **spec: Any,
    ) -> None:
        """Put the pod there and wait until it is ready."""
        container: dict[str, Any] = {
            "name": "c",
            "image": "python:3.11-slim",
            "imagePullPolicy": "IfNotPresent",
            # It ignores SIGTERM, so that it lives as long as its grace period lets it.
            "command": ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"],
        }
        if lifecycle:
            container |= {"lifecycle": lifecycle, "command": ["sleep", "infinity"]}
        whole = {"nodeName": self.cluster.workers[0].name, "containers": [container], **spec}
        self.apply("v1", "Pod", whole, {"labels": APP, **(meta or {})})
        path = POD
        wait_for(
            "the pod ready",
            lambda: self.cluster.api.get_json(path),
            is_ready,
            Deadline(within_s=90, every_s=0.5),
        )

    def apply(self, version: str, kind: str, spec: Any, meta: dict[str, Any] | None = None) -> None:
        """Apply an object `default/held`."""
        named = {"name": "held", "namespace": "default", **(meta or {})}
        manifest = {"apiVersion": version, "kind": kind, "metadata": named, "spec": spec}
        ask("a new object", lambda: self.cluster.api.apply(manifest))

    def drain(self, **choices: Any) -> tuple[str, set[str]]:
        """Drain the worker; the message of its failure, if any, and what was noted meanwhile."""
        settings = KindSettings(workdir=self.folder, reuse_cluster=self.cluster.name, **choices)
        provider = KindProvider(settings)
        plan = make_plan(settings, resolve([OLD, NEW], []), cgroup_v1=False)
        noted: set[str] = set()
        provider.marks.note = noted.add  # type: ignore[method-assign]
        try:
            provider.perform(step_of(plan.upgrade, "drain worker"), self.cluster)
        except Blocked as blocked:
            print(blocked)
            return str(blocked), noted
        return "", noted

    def clear(self) -> None:
        """Let the pod go, and let others come."""
        node = f"/api/v1/nodes/{self.cluster.workers[0].name}"
        self.patch(node, {"spec": {"unschedulable": None}})
        self.patch(POD, {"metadata": {"finalizers": None}})
        budget = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/held"
        for path in (budget, f"{POD}?gracePeriodSeconds=0"):
            with contextlib.suppress(*TRANSIENT_API_ERRORS):
                self.cluster.api.request("DELETE", path)

    def patch(self, path: str, change: dict[str, Any]) -> None:
        """Change an object that may be gone."""
        with contextlib.suppress(*TRANSIENT_API_ERRORS):
            self.cluster.api.request(
                "PATCH", path, body=change, content_type="application/merge-patch+json"
            )


@pytest.fixture
def held(old_cluster: Cluster, tmp_path: Path) -> Iterator[Held]:
    """A pod on the first worker; gone afterwards, and the worker takes pods again."""
    drain = Held(old_cluster, tmp_path)
    yield drain
    drain.clear()


def step_of(steps: tuple[Step, ...], name: str) -> Step:
    return next(step for step in steps if step.name == name)


def test_a_budget_that_never_lets_go(held: Held):
    held.put(terminationGracePeriodSeconds=1)
    held.apply(
        "policy/v1", "PodDisruptionBudget", {"minAvailable": 1, "selector": {"matchLabels": APP}}
    )
    time.sleep(2)  # the controller fills in the budget's numbers
    said, noted = held.drain(drain_timeout_s=20)
    first, *rest = said.splitlines()
    assert first == (
        "default/held is held by budget default/held: minAvailable 1 of 1 healthy, 0 may go"
    )
    assert any("disruption budget" in line for line in rest)
    assert len(rest) < 20
    assert "waits for default/held: budget default/held allows 0 of 1 (minAvailable 1)" in noted


def test_a_finalizer_that_nobody_removes(held: Held):
    held.put({"finalizers": ["hold.test/never"]}, terminationGracePeriodSeconds=1)
    said, noted = held.drain(drain_timeout_s=20)
    first = said.splitlines()[0]
    assert first == "default/held: still terminating, finalizer hold.test/never"
    assert "waits for default/held: still terminating, finalizer hold.test/never" in noted


def test_a_grace_period_that_is_longer_than_the_drain(held: Held):
    held.put(terminationGracePeriodSeconds=400)
    said, noted = held.drain(drain_timeout_s=20)
    assert said.splitlines()[0] == (
        "default/held: terminating, its grace period of 400 s is longer than the 20 s that the "
        "drain may take; --drain-timeout"
    )
    assert any("of its grace period of 400 s are left" in line for line in noted), noted


def test_a_long_way_to_hand_over_is_no_failure_in_a_longer_drain(held: Held):
    hook = {"preStop": {"exec": {"command": ["sleep", "25"]}}}
    held.put(terminationGracePeriodSeconds=40, lifecycle=hook)
    assert held.drain(drain_timeout_s=90)[0] == ""


def test_a_bare_pod_that_the_users_arguments_do_not_let_go(held: Held):
    held.put(terminationGracePeriodSeconds=1)
    arguments = ("--ignore-daemonsets", "--delete-emptydir-data")
    said, _ = held.drain(drain_args=arguments)
    first = said.splitlines()[0]
    assert "default/held" in first
    assert "--force" in first
