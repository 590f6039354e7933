"""Guard rails on a real cluster: a policy of our own, and OPA Gatekeeper by objects that we name.

One cluster at the old version has Gatekeeper in it, as its own manifest installs it: a webhook for
policies with failurePolicy Ignore and a timeout of 3 s, and one for namespaces that must answer.
The passes drain workers and nothing more. A webhook whose pods were taken away has them again
before the next pass.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scenarios import test_guard_rails
from tests.kind.conftest import MINUTES, NEW, OLD, REPOSITORY, orphans, require
from tests.kind.old_cluster.test_faults import FaultyPass, broken, moves
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.asking import items
from upgrade_e2e.cluster.rollout import Rollout
from upgrade_e2e.judge import Verdict
from upgrade_e2e.observers import GuardPair, read_guard_pairs
from upgrade_e2e.providers.kind import KindProvider, KindSettings
from upgrade_e2e.report import ScenarioResult
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Marks, resolve
from upgrade_e2e.wait import Deadline, wait_for

pytestmark = pytest.mark.thorough(part="guard")

NAME = "e2e-guarded"
WEBHOOK = "/apis/apps/v1/namespaces/gatekeeper-system/deployments/gatekeeper-controller-manager"
POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
WORDS = "every guarded object needs an owner"
TEMPLATE = f"""\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {{name: needsowner}}
spec:
  crd: {{spec: {{names: {{kind: NeedsOwner}}}}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package needsowner
      violation[{{"msg": "{WORDS}"}}] {{ not input.review.object.metadata.labels.owner }}
"""
CONSTRAINT = """\
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: NeedsOwner
metadata: {name: owners}
spec:
  match:
    kinds: [{apiGroups: [""], kinds: [ConfigMap, Namespace]}]
    labelSelector: {matchLabels: {guarded: "yes"}}
"""
FORBIDDEN, ALLOWED = "nothing_forbidden_is_admitted", "what_is_allowed_is_admitted"
CLAIMS = (
    test_guard_rails.test_nothing_forbidden_is_admitted,
    test_guard_rails.test_what_is_allowed_is_admitted,
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster with Gatekeeper and one constraint."""
    require(OLD, NEW)
    folder = tmp_path_factory.mktemp("guarded")
    manifest = folder / "gatekeeper.yaml"
    built = subprocess.run(
        [REPOSITORY / "ci" / "gatekeeper", manifest],
        check=False,
        capture_output=True,
        text=True,
        timeout=30 * MINUTES,
    )
    assert built.returncode == 0, built.stderr
    images = ("python:3.11-slim", "nginx:stable", built.stdout.split()[-1])
    provider = KindProvider(KindSettings(workdir=folder, cluster_name=NAME, preload_images=images))
    plan = provider.plan(resolve([OLD, NEW], []))
    creation = dataclasses.replace(plan, prepare=plan.prepare[:1], upgrade=(), verify=())
    try:
        made = provider.create(creation, Marks(Origin()))
        install(made, manifest.read_text(encoding="utf-8"))
        yield made
    finally:
        provider.close()
    assert not [name for name in orphans() if name.startswith(NAME)]


def install(cluster: Cluster, manifest: str) -> None:
    """Gatekeeper, ready, and a constraint that it enforces."""
    kubectl(cluster, manifest)
    await_webhook(cluster)
    for document in (TEMPLATE, CONSTRAINT):  # the template makes the kind of the constraint
        wait_for(
            "Gatekeeper to take a document",
            lambda document=document: kubectl(cluster, document, check=False),
            lambda said: "serverside-applied" in said,
            Deadline(120.0),
        )


def await_webhook(cluster: Cluster) -> None:
    """Wait until Gatekeeper's webhook has all of its pods."""
    wait_for(
        "Gatekeeper's webhook to be ready",
        lambda: Rollout.of_deployment(cluster.api.get_json(WEBHOOK)),
        lambda seen: seen.wanted > 0 and seen.is_whole,
        Deadline(180.0),
    )


def kubectl(cluster: Cluster, document: str, *, check: bool = True) -> str:
    """What `kubectl apply` said of a document."""
    inside = ["docker", "exec", "--interactive", cluster.control_planes[0].name]
    apply = ["kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "apply", "--server-side", "-f-"]
    done = subprocess.run(
        [*inside, *apply], input=document, check=False, capture_output=True, text=True, timeout=120
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0 or not check, said
    return said


@pytest.fixture
def named(tmp_path: Path) -> tuple[GuardPair, ...]:
    """A ConfigMap, which the webhook of policies looks at, and a Namespace, at which both do."""
    files: dict[str, list[Path]] = {"forbidden": [], "allowed": []}
    for kind in ("ConfigMap", "Namespace"):
        for which, more in (("forbidden", {}), ("allowed", {"owner": "team-a"})):
            labels = {"guarded": "yes", **more}
            meta = {"name": f"guarded-{kind.lower()}-{which}", "labels": labels}
            file = tmp_path / f"{kind.lower()}-{which}.json"
            file.write_text(json.dumps({"apiVersion": "v1", "kind": kind, "metadata": meta}))
            files[which].append(file)
    return read_guard_pairs(files["forbidden"], files["allowed"], [WORDS, WORDS])


@pytest.fixture
def guarded(cluster: Cluster, named: tuple[GuardPair, ...], tmp_path: Path) -> FaultyPass:
    """A pass that watches our own policy and Gatekeeper's."""
    await_webhook(cluster)
    return FaultyPass(tmp_path, cluster.name, named)


def ran(guarded: FaultyPass, fault: str) -> dict[str, ScenarioResult]:
    """Both claims, while two workers are drained, with enough time for a ratio of 0.5 %."""
    return guarded.run(fault, CLAIMS, moves("worker", "worker2"), watch_after_s=20.0)


def test_our_own_policy_holds_while_workers_are_drained(cluster: Cluster, tmp_path: Path):
    results = ran(FaultyPass(tmp_path, cluster.name), "")
    assert {result.verdict for result in results.values()} == {Verdict.PASS}, results


def test_gatekeeper_holds_while_workers_are_drained(guarded: FaultyPass):
    results = ran(guarded, "")
    assert {result.verdict for result in results.values()} == {Verdict.PASS}, results


def test_without_its_binding_our_own_policy_is_open(cluster: Cluster, tmp_path: Path):
    results = ran(FaultyPass(tmp_path, cluster.name), "policy-gone@drain")
    explained = broken(results[FORBIDDEN], r"open for \d.* or more")
    assert "plant policy-gone@drain" in explained, explained
    assert "forbidden object of ValidatingAdmissionPolicy upgrade-e2e-guard" in explained
    assert results[ALLOWED].verdict is Verdict.PASS, results[ALLOWED]
    wait_for(
        "our policy to go with its namespace",
        lambda: [one["metadata"]["name"] for one in items(cluster, POLICIES)],
        lambda left: "upgrade-e2e-guard" not in left,
        Deadline(90.0),
    )


def test_while_its_webhook_hangs_gatekeeper_admits_what_it_forbids(guarded: FaultyPass):
    results = ran(guarded, "webhook-dropped=10s@drain")
    explained = broken(results[FORBIDDEN], r"\d+ admitted")
    assert "open for " in explained, explained
    assert "of the policy that forbids configmap-forbidden.json" in explained, explained
    assert "plant webhook-dropped=10s@drain" in explained, explained


def test_without_its_webhook_gatekeeper_is_open_and_namespaces_are_blocked(
    cluster: Cluster, guarded: FaultyPass
):
    results = ran(guarded, "webhook-gone@drain")
    explained = broken(results[FORBIDDEN], r"open for \d.* or more")
    assert "of the policy that forbids configmap-forbidden.json" in explained, explained
    assert "plant webhook-gone@drain" in explained, explained
    explained = broken(results[ALLOWED], r"\d+ webhook-failed")
    policy = "the policy that forbids namespace-forbidden.json"
    assert f"the allowed object of {policy}" in explained, explained
    assert "plant webhook-gone@drain" in explained, explained
    await_webhook(cluster)  # it got its replicas back when the pass was over
