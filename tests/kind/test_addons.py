"""A cluster whose addons are not as kubeadm makes them, upgraded for real.

Its kube-proxy is a DaemonSet of another name, which kubeadm is to leave alone, and its images come
from a mirror that nobody can reach: whatever is not on the nodes under the mirror's name ends the
upgrade. Before it is upgraded, kubeadm refuses it twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.kind.conftest import NEW, OLD, orphans
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.addons import read_addons
from upgrade_e2e.errors import Blocked, CommandFailed
from upgrade_e2e.providers.kind import KindProvider, KindSettings
from upgrade_e2e.providers.kind.delivery import runner_of, staged_file
from upgrade_e2e.providers.kind.inspection import Target, inspect
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Inventory, Marks, Plan, resolve
from upgrade_e2e.version import KubeVersion
from upgrade_e2e.wait import Deadline, wait_for

pytestmark = pytest.mark.thorough(part="addons")

NAME = "e2e-addons"
MIRROR, DNS_MIRROR = "mirror.test/k8s", "mirror.test/dns"
EDGE_PROXY = f"mirror.test/corp/kube-proxy:{OLD}-corp.1"
UNKNOWN_DNS = "registry.k8s.io/coredns/coredns:v1.12.0-corp.7"
GUARD = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": "jobs-guard"},
    "webhooks": [
        {
            "name": "jobs.guard.test",
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "failurePolicy": "Fail",
            "timeoutSeconds": 3,
            "clientConfig": {"service": {"namespace": "default", "name": "nobody"}},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "rules": [
                {
                    "apiGroups": ["batch"],
                    "apiVersions": ["v1"],
                    "resources": ["jobs"],
                    "operations": ["CREATE"],
                }
            ],
        }
    ],
}


@dataclass(frozen=True)
class Changed:
    """The cluster with addons of its own, and the provider that is to upgrade it."""

    provider: KindProvider
    plan: Plan
    cluster: Cluster

    def on_first(self, *argv: str, stdin: str | None = None) -> str:
        """What a command on the control plane printed."""
        return (
            runner_of(self.cluster.control_planes[0]).run(*argv, timeout_s=120, stdin=stdin).stdout
        )

    def kubectl(self, *argv: str, stdin: str | None = None) -> str:
        """What kubectl printed about kube-system."""
        admin = ("--kubeconfig", "/etc/kubernetes/admin.conf", "--namespace", "kube-system")
        return self.on_first("kubectl", *admin, *argv, stdin=stdin)

    def tag(self, source: str, target: str) -> None:
        """Give an image another name on every node."""
        for node in self.cluster.nodes:
            argv = ("ctr", "--namespace=k8s.io", "images", "tag", source, target)
            runner_of(node).run(*argv, timeout_s=60)

    def refused(self) -> str:
        """The first line of the failure when kubeadm refuses to upgrade."""
        apply = next(step for step in self.plan.upgrade if step.kind == "kubeadm-apply")
        with pytest.raises(Blocked) as caught:
            self.provider.perform(apply, self.cluster)
        return str(caught.value).splitlines()[0]

    def upgrade(self) -> Inventory:
        """Do all that is left of the plan, and read back what came of it."""
        for step in (*self.plan.upgrade, *self.plan.verify):
            self.provider.perform(step, self.cluster)
        return self.provider.inspect(self.plan, self.cluster)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    """A control plane and a worker at the old version; what the new one needs is staged."""
    settings = KindSettings(
        workdir=tmp_path_factory.mktemp("addons"),
        cluster_name=NAME,
        workers=1,
        fast_control_plane=True,
    )
    provider = KindProvider(settings)
    plan = provider.plan(resolve([OLD, NEW], []))
    try:
        made = Changed(provider, plan, provider.create(plan, Marks(Origin())))
        use_another_proxy(made)
        use_a_mirror(made)
        for step in plan.prepare[1:]:
            provider.perform(step, made.cluster)
        yield made
    finally:
        provider.close()
    assert not [name for name in orphans() if name.startswith(NAME)]


def use_another_proxy(made: Changed) -> None:
    """Replace kube-proxy by a DaemonSet `edge-proxy` with a label and an image of its own."""
    made.tag(f"registry.k8s.io/kube-proxy:{OLD}", EDGE_PROXY)
    shown = json.loads(made.kubectl("get", "daemonset", "kube-proxy", "--output=json"))
    spec = shown["spec"]
    labels = {"app": "edge-proxy"}
    spec["selector"] = {"matchLabels": labels}
    spec["template"]["metadata"] = {"labels": labels}
    spec["template"]["spec"]["containers"][0]["image"] = EDGE_PROXY
    own = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "edge-proxy", "labels": labels},
        "spec": spec,
    }
    made.kubectl("delete", "daemonset", "kube-proxy", "--wait=true")
    made.kubectl("create", "--filename=-", stdin=json.dumps(own))


def use_a_mirror(made: Changed) -> None:
    """Let the cluster ask for the images of a mirror, and kubeadm leave kube-proxy alone."""
    stored = configuration(made)
    # v1beta4 has lists of arguments where v1beta3 has mappings; this cluster's are not looked at.
    for component in ("apiServer", "controllerManager", "scheduler"):
        arguments = (stored.get(component) or {}).get("extraArgs")
        if isinstance(arguments, dict):
            listed = [{"name": name, "value": value} for name, value in arguments.items()]
            stored[component]["extraArgs"] = listed
    timeout = (stored.get("apiServer") or {}).pop("timeoutForControlPlane", None)
    del timeout  # it is elsewhere in v1beta4, and has a default
    choices = {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "imageRepository": MIRROR,
        "dns": {"imageRepository": DNS_MIRROR},
        "proxy": {"disabled": True},
    }
    upload(made, {**stored, **choices})


def configuration(made: Changed) -> dict[str, Any]:
    """The ClusterConfiguration that kubeadm reads when it upgrades the cluster."""
    shown = made.kubectl("get", "configmap", "kubeadm-config", "--output=json")
    stored: dict[str, Any] = yaml.safe_load(json.loads(shown)["data"]["ClusterConfiguration"])
    return stored


def upload(made: Changed, stored: Mapping[str, Any], kubeadm: str = "kubeadm") -> None:
    """Replace that configuration, as a user does."""
    argv = (kubeadm, "init", "phase", "upload-config", "kubeadm", "--config", "/dev/stdin")
    made.on_first(*argv, stdin=yaml.safe_dump(stored))


def dns_becomes(made: Changed, image: str) -> None:
    """Give CoreDNS another image, and wait until it runs."""
    made.kubectl("set", "image", "deployment/coredns", f"coredns={image}")
    made.kubectl("rollout", "status", "deployment/coredns", "--timeout=100s")


def when(holds: Callable[[], bool], what: str) -> None:
    """Wait for a change that takes a moment to come into force."""
    wait_for(what, holds, lambda seen: seen, Deadline(60.0))


def test_a_coredns_that_kubeadm_does_not_know_is_refused_in_its_own_words(changed: Changed):
    known = changed.kubectl(
        "get", "deployment", "coredns", "--output=jsonpath={..containers[0].image}"
    )
    changed.tag(known, UNKNOWN_DNS)
    dns_becomes(changed, UNKNOWN_DNS)
    try:
        first = changed.refused()
    finally:
        dns_becomes(changed, known)
    assert first.startswith("[ERROR CoreDNSUnsupportedPlugins]: start version '1.12.0-corp.7'"), (
        first
    )
    assert "[ERROR CoreDNSMigration]: CoreDNS will not be upgraded" in first


def test_a_webhook_that_refuses_kubeadms_job_is_named_first(changed: Changed):
    changed.kubectl("create", "--filename=-", stdin=json.dumps(GUARD))

    def refuses() -> bool:
        argv = ("create", "job", "probe", "--image=x", "--dry-run=server")
        try:
            changed.kubectl(*argv)
        except CommandFailed as error:
            return "jobs.guard.test" in error.output
        return False

    when(refuses, "the webhook in force")
    try:
        first = changed.refused()
    finally:
        changed.kubectl("delete", "validatingwebhookconfiguration", "jobs-guard")
    when(lambda: not refuses(), "the webhook gone")
    assert first.startswith("[ERROR CreateJob]: could not create Job"), first
    assert "jobs.guard.test" in first


def test_the_upgrade_wants_what_kubeadm_wants_for_this_cluster(changed: Changed):
    found = changed.upgrade()
    assert found.complaints == ()
    versions = {(part.name, part.found) for part in found.components}
    assert ("kube-proxy", f"{OLD}-corp.1") in versions
    assert ("kube-apiserver", NEW) in versions
    names = json.loads(changed.kubectl("get", "pods", "--output=json"))["items"]
    images = {container["image"] for pod in names for container in pod["spec"]["containers"]}
    assert f"{MIRROR}/kube-apiserver:{NEW}" in images
    assert any(image.startswith(f"{DNS_MIRROR}/coredns:") for image in images)
    assert not any("kube-proxy" in image and image != EDGE_PROXY for image in images)
    assert "is mirror.test/" in "".join(
        file.read_text() for file in changed.provider.journal.folder.glob("*stage*")
    )


def test_a_kube_proxy_that_kubeadm_brings_back_is_a_complaint(changed: Changed):
    before, new = read_addons(changed.cluster), KubeVersion.parse(NEW)
    kubeadm = staged_file(new, "kubeadm")
    upload(changed, {**configuration(changed), "proxy": {"disabled": False}}, kubeadm)
    changed.on_first(kubeadm, "upgrade", "node", "phase", "addon", "kube-proxy")
    target = Target(new, changed.provider.old_kubeconfig, addons=before)
    found = inspect(changed.cluster, target)
    sentence = "a DaemonSet kube-proxy appeared in kube-system that was not there before"
    assert found.appeared == (sentence,)
    assert sentence in found.complaints
