"""The edge stays in its Service when a kubelet restarts, though its pod is shown as not ready."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, watch

from scenarios import test_rollout_502
from tests.claims import SKIPS, claims_of
from tests.kind.conftest import NEW, OLD
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.judge import Limits
from upgrade_e2e.providers.base import Provider
from upgrade_e2e.run import ConsoleProgress, JudgedPass, PassSettings, run_pass
from upgrade_e2e.run.providers import make_provider
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Step, resolve

NAMESPACE = "upgrade-e2e"
PODS = "app.kubernetes.io/name=edge"
SLICES = "kubernetes.io/service-name=edge"
MOST_RESTARTS = 8
"""A kubelet shows its pods as not ready in about two of three restarts."""
RESTART = Step("restart-kubelet", 300.0, node="worker")


class Restarting:
    """A provider that restarts a kubelet until the edge's pod was shown as not ready.

    It keeps what became of the pods and the EndpointSlices of the edge meanwhile.
    """

    def __init__(self, real: Provider) -> None:
        self.real = real
        self.pods: list[Any] = []
        self.slices: list[Any] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    def perform(self, step: Step, cluster: Cluster) -> None:
        if step != RESTART:
            self.real.perform(step, cluster)
            return
        slices = client.DiscoveryV1Api(cluster.api.core.api_client).list_namespaced_endpoint_slice
        of_pods = Changes(cluster.api.core.list_namespaced_pod, PODS)
        of_slices = Changes(slices, SLICES)
        runner = cluster.workers[0].runner
        assert runner is not None
        for _ in range(MOST_RESTARTS):
            runner.run("systemctl", "restart", "kubelet", timeout_s=30)
            # Longer than it takes to probe the pods, and to bring that into the EndpointSlice.
            time.sleep(8)
            self.pods = of_pods.until_now()
            if "False" in {readiness(pod) for pod in self.pods}:
                break
        self.slices = of_slices.until_now()


class Changes:
    """What becomes of the objects of a list; the API server keeps it for the asking."""

    def __init__(self, listing: Callable[..., Any], selector: str) -> None:
        self.listing = listing
        self.wanted = {"namespace": NAMESPACE, "label_selector": selector}
        self.since = listing(**self.wanted).metadata.resource_version

    def until_now(self) -> list[Any]:
        """The objects as they were after each change."""
        stream = watch.Watch().stream(
            self.listing, **self.wanted, resource_version=self.since, timeout_seconds=3
        )
        return [event["object"] for event in stream]


def readiness(pod: Any) -> str:
    """The status of the pod's condition `Ready`."""
    return next(one.status for one in pod.status.conditions if one.type == "Ready")


@pytest.mark.thorough(part="faults")
def test_a_kubelet_that_restarts_takes_no_edge_out_of_its_service(
    old_cluster: Cluster, tmp_path: Path
):
    settings = PassSettings(reuse_cluster=old_cluster.name, watch_before_s=1.0, watch_after_s=1.0)
    real = make_provider(settings, tmp_path / "work")
    plan = real.plan(resolve([OLD, NEW], []))
    plan = dataclasses.replace(plan, prepare=plan.prepare[:1], upgrade=(RESTART,), verify=())
    restarting = Restarting(real)
    judged = JudgedPass(plan, settings, Limits.default(), tmp_path, restarting)  # type: ignore[arg-type]
    origin = Origin()
    with contextlib.closing(ConsoleProgress(sys.stderr, origin, "edge: ")) as progress:
        scenarios = (test_rollout_502.test_the_edge_gives_no_502,)
        run_pass(judged, claims_of(scenarios), progress, origin, SKIPS)
    assert "False" in {readiness(pod) for pod in restarting.pods}
    shown = {one.conditions.ready for found in restarting.slices for one in found.endpoints}
    assert shown == {True}
