"""A cluster that was upgraded as it should be: its objects, and what its kubeadm says."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.kind.fakes import ScriptedRunner, node, pod, stored, wanted_images
from upgrade_e2e.command import Completed
from upgrade_e2e.version import KubeVersion

V34 = KubeVersion.parse("v1.34.4")
CONTROL, WORKER = "dev-control-plane", "dev-worker"
IMAGES = {
    image.rpartition("/")[2].partition(":")[0]: image
    for image in wanted_images("v1.34.4", etcd="3.6.5-0", coredns="v1.12.1")
}
PLAN_UP_TO_DATE = "[upgrade/versions] Target version: v1.34.4\n"
CERTIFICATES = json.dumps(
    {
        "certificates": [
            {"name": "admin.conf", "residualTime": 86400 * 300, "missing": False},
            {"name": "apiserver", "residualTime": 86400 * 200, "missing": False},
            {"name": "external", "residualTime": 0, "missing": True},
        ]
    }
)


class KubeadmRunner(ScriptedRunner):
    """Answers the kubeadm commands of the inspection, in any order."""

    def run(self, *argv, timeout_s, check=True, **_):
        words = " ".join(argv)
        said = next(said for part, said in self.answers if part in words)
        return Completed(words, 0, said, "", 0.0)


def static(component: str) -> dict:
    return pod(
        f"{component}-{CONTROL}",
        labels={"component": component},
        on=CONTROL,
        image=IMAGES[component],
    )


def addon(name: str, label: str, on: str) -> dict:
    return pod(f"{name}-{on}", labels={"k8s-app": label}, on=on, image=IMAGES[name])


def upgraded_objects() -> dict[str, Any]:
    """The answers of its API, by path."""
    components = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
    pods = [
        *(static(name) for name in components),
        *(addon("kube-proxy", "kube-proxy", on) for on in (CONTROL, WORKER)),
        *(addon("coredns", "kube-dns", WORKER) for _ in range(2)),
    ]
    return {
        "/api/v1/nodes": {"items": [node(n, "v1.34.4") for n in (CONTROL, WORKER)]},
        "/api/v1/namespaces/kube-system/pods": {"items": pods},
        "/api/v1/pods": {"items": pods},
        "/api/v1/namespaces/kube-system/configmaps/kubeadm-config": stored(),
        "/version": {"gitVersion": "v1.34.4"},
        "/apis/apps/v1/deployments": {"items": []},
        "/apis/apps/v1/statefulsets": {"items": []},
        "/apis/apps/v1/daemonsets": {"items": []},
    }


def kubeadm_answers() -> list[tuple[str, str]]:
    """What its kubeadm says, by a part of the command."""
    return [
        ("images list", "\n".join(IMAGES.values())),
        ("upgrade plan", PLAN_UP_TO_DATE),
        ("upgrade diff", "[upgrade/diff] Reading configuration\n"),
        ("certs check-expiration", CERTIFICATES),
    ]
