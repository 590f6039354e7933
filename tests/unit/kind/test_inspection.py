"""What is read back at the end, and what is complained of."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.kind.fakes import ScriptedRunner, node, pod, wanted_images
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.command import Completed
from upgrade_e2e.errors import DeadlinePassed
from upgrade_e2e.providers.kind.health import Health, check, coredns, kube_proxy, roll_addons
from upgrade_e2e.providers.kind.inspection import Target, inspect
from upgrade_e2e.providers.kind.pods import STUCK_AFTER_S, stuck_pods
from upgrade_e2e.version import KubeVersion

V34 = KubeVersion.parse("v1.34.4")
CONTROL, WORKER = "dev-control-plane", "dev-worker"
IMAGES = {
    image.rpartition("/")[2].partition(":")[0]: image
    for image in wanted_images("v1.34.4", etcd="3.6.5-0", coredns="v1.12.1")
}
PLAN_UP_TO_DATE = "[upgrade/versions] Target version: v1.34.4\n"
PLAN_WITH_WORK = "COMPONENT   NODE   CURRENT   TARGET\nkubelet   dev-worker   v1.33.13   v1.34.4\n"
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


@pytest.fixture
def after_upgrade(api, tmp_path):
    """A cluster that was after_upgrade as it should be."""
    components = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
    pods = [
        *(static(name) for name in components),
        *(addon("kube-proxy", "kube-proxy", on) for on in (CONTROL, WORKER)),
        *(addon("coredns", "kube-dns", WORKER) for _ in range(2)),
    ]
    api.answers |= {
        "/api/v1/nodes": {"items": [node(n, "v1.34.4") for n in (CONTROL, WORKER)]},
        "/api/v1/namespaces/kube-system/pods": {"items": pods},
        "/api/v1/pods": {"items": pods},
        "/version": {"gitVersion": "v1.34.4"},
        "/apis/apps/v1/deployments": {"items": []},
        "/apis/apps/v1/statefulsets": {"items": []},
        "/apis/apps/v1/daemonsets": {"items": []},
    }
    answers = [
        ("images list", "\n".join(IMAGES.values())),
        ("upgrade plan", PLAN_UP_TO_DATE),
        ("upgrade diff", "[upgrade/diff] Reading configuration\n"),
        ("certs check-expiration", CERTIFICATES),
    ]
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(api.kubeconfig())
    runner = KubeadmRunner(answers=answers)
    nodes = (Node(CONTROL, Role.CONTROL_PLANE, runner), Node(WORKER, Role.WORKER, runner))
    return Cluster("dev", kubeconfig, nodes), Target(V34, kubeconfig), answers


def test_a_good_upgrade_leaves_nothing_to_complain_of(after_upgrade):
    cluster, target, _ = after_upgrade
    found = inspect(cluster, target)
    assert found.complaints == ()
    assert {part.name for part in found.components} == {
        *("kubelet", "kube-apiserver", "kube-controller-manager", "kube-scheduler"),
        *("etcd", "kube-proxy", "coredns"),
    }
    assert len(found.components) == 2 + 4 + 2 + 2
    assert found.certificates_expire_in_d == 200


def changed(api, change):
    """The system pods with a change."""
    answer = copy.deepcopy(api.answers["/api/v1/namespaces/kube-system/pods"])
    change(answer["items"])
    api.answers["/api/v1/namespaces/kube-system/pods"] = answer


def test_a_kubelet_that_stayed_behind_is_named(after_upgrade, api):
    api.answers["/api/v1/nodes"] = {"items": [node(CONTROL, "v1.34.4"), node(WORKER, "v1.33.13")]}
    cluster, target, _ = after_upgrade
    assert inspect(cluster, target).complaints == (
        "kubelet on dev-worker is v1.33.13, not v1.34.4",
    )


def test_a_container_of_the_old_image_is_named_whatever_its_spec_says(after_upgrade, api):
    def old_proxy(pods):
        status = next(p for p in pods if p["metadata"]["name"] == f"kube-proxy-{WORKER}")
        status["status"]["containerStatuses"][0]["image"] = "registry.k8s.io/kube-proxy:v1.33.13"

    changed(api, old_proxy)
    cluster, target, _ = after_upgrade
    assert inspect(cluster, target).complaints == (
        "kube-proxy on dev-worker is v1.33.13, not v1.34.4",
    )


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("etcd-dev-control-plane", "etcd on dev-control-plane is missing, not 3.6.5-0"),
        ("kube-proxy-dev-worker", "kube-proxy on dev-worker is missing, not v1.34.4"),
        ("coredns-dev-worker", "coredns on  is missing, not v1.12.1"),
    ],
)
def test_a_component_without_a_pod_is_missing(after_upgrade, api, gone, said):
    def drop(pods):
        pods[:] = [p for p in pods if p["metadata"]["name"] != gone]

    changed(api, drop)
    cluster, target, _ = after_upgrade
    assert inspect(cluster, target).complaints == (said,)


def test_a_component_that_is_not_running_is_named(after_upgrade, api):
    def crash(pods):
        status = next(p for p in pods if p["metadata"]["name"].startswith("kube-scheduler"))
        state = {"waiting": {"reason": "CrashLoopBackOff"}}
        status["status"]["containerStatuses"][0]["state"] = state

    changed(api, crash)
    cluster, target, _ = after_upgrade
    assert inspect(cluster, target).complaints == (
        "kube-scheduler on dev-control-plane is not running, not v1.34.4",
    )


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("upgrade plan", PLAN_WITH_WORK),
        ("upgrade diff", "--- old\n+++ new\n@@ -1 +1 @@\n"),
    ],
)
def test_work_that_kubeadm_still_finds_is_told(after_upgrade, part, said):
    cluster, target, answers = after_upgrade
    answers[:] = [(p, said if p == part else s) for p, s in answers]
    assert inspect(cluster, target).complaints == (
        "a second run of the upgrade still finds something to do",
    )


def test_an_old_kubeconfig_that_no_longer_works_is_told(after_upgrade, api, tmp_path, monkeypatch):
    monkeypatch.setattr("upgrade_e2e.providers.kind.inspection.OLD_KUBECONFIG_S", 0.1)
    old = tmp_path / "old"
    old.write_text(api.kubeconfig().replace(str(api.port), "9"))
    cluster, _, _ = after_upgrade
    found = inspect(cluster, Target(V34, old))
    assert found.complaints == ("the kubeconfig from before the upgrade no longer works",)


def test_an_expired_certificate_is_told(after_upgrade):
    cluster, target, answers = after_upgrade
    expired = CERTIFICATES.replace(str(86400 * 200), "-5")
    answers[:] = [(p, expired if "certs" in p else s) for p, s in answers]
    assert inspect(cluster, target).complaints == (
        "a certificate of the control plane has expired",
    )


def test_a_workload_without_its_replicas_is_told(after_upgrade, api):
    meta = {"name": "web", "namespace": "shop"}
    web = {"metadata": meta, "spec": {"replicas": 3}, "status": {"availableReplicas": 2}}
    api.answers["/apis/apps/v1/deployments"] = {"items": [web]}
    cluster, target, _ = after_upgrade
    assert inspect(cluster, target).complaints == ("deployment shop/web has 2 of 3 replicas",)


NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def stamp(age_s: float) -> str:
    return (NOW - timedelta(seconds=age_s)).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (pod("a", phase="Pending", ready=False, created=stamp(61)), "Pending, not ready"),
        (pod("a", ready=False, created=stamp(61)), "Running, not ready"),
        (pod("a", phase="Failed", ready=False, created=stamp(1)), "Failed: ContainerCreating"),
        (pod("a", phase="Pending", ready=False, created=stamp(59)), None),
        (pod("a", created=stamp(999)), None),
        (pod("a", phase="Succeeded", ready=False, created=stamp(999)), None),
    ],
)
def test_stuck_means_neither_running_nor_done_nor_young(made, said):
    found = stuck_pods([made], NOW)
    if said is None:
        assert found == ()
    else:
        assert [said in sentence for sentence in found] == [True]


@given(st.floats(-600, 600))
def test_a_pod_that_does_not_go_is_stuck_a_minute_after_it_should_have_gone(late_s):
    gone = pod("a", ready=False)
    gone["metadata"]["deletionTimestamp"] = stamp(late_s)
    assert bool(stuck_pods([gone], NOW)) == (late_s > STUCK_AFTER_S)


def rollout(image=IMAGES["coredns"], replicas=2, **status):
    status = {"updatedReplicas": 2, "availableReplicas": 2, "replicas": 2, **status}
    return {
        "metadata": {"generation": 4},
        "spec": {
            "replicas": replicas,
            "template": {"spec": {"containers": [{"image": image}]}},
        },
        "status": {"observedGeneration": 4, **status},
    }


@pytest.mark.parametrize(
    ("deployment", "done"),
    [
        (rollout(), True),
        (rollout(image=IMAGES["coredns"] + "-old"), False),
        (rollout(updatedReplicas=1), False),
        (rollout(availableReplicas=1), False),
        (rollout(replicas=2, availableReplicas=3) | {}, False),
        (rollout(observedGeneration=3), False),
    ],
)
def test_a_rollout_is_done_when_only_ready_new_replicas_are_there(deployment, done):
    assert coredns(deployment).is_done(IMAGES["coredns"]) is done


def test_an_old_replica_that_is_still_there_is_waited_for():
    surplus = rollout()
    surplus["status"]["replicas"] = 3
    assert not coredns(surplus).is_done(IMAGES["coredns"])


def proxies(updated=2):
    return {
        "metadata": {"generation": 1},
        "spec": {"template": {"spec": {"containers": [{"image": IMAGES["kube-proxy"]}]}}},
        "status": {
            "observedGeneration": 1,
            "desiredNumberScheduled": 2,
            "currentNumberScheduled": 2,
            "updatedNumberScheduled": updated,
            "numberReady": 2,
        },
    }


def test_addons_are_waited_for(after_upgrade, api):
    path = "/apis/apps/v1/namespaces/kube-system"
    api.answers[f"{path}/deployments/coredns"] = [(500, {}), rollout(updatedReplicas=1), rollout()]
    api.answers[f"{path}/daemonsets/kube-proxy"] = [proxies(updated=1), proxies()]
    roll_addons(after_upgrade[0], IMAGES, within_s=30)
    assert not kube_proxy(proxies(updated=1)).is_done(IMAGES["kube-proxy"])


GOOD = Health(3, (), 3, 1, 1, 1)


@pytest.mark.parametrize(
    ("seen", "good"),
    [
        (GOOD, True),
        (Health(3, ("dev-worker",), 3, 1, 1, 1), False),
        (Health(3, (), 2, 1, 1, 1), False),
        (Health(3, (), 4, 1, 1, 1), False),
        (Health(4, (), 4, 3, 2, 3), False),
        (Health(4, (), 4, 2, 2, 3), False),
        (Health(4, (), 4, 3, 3, 3), True),
    ],
)
def test_what_must_hold_between_two_nodes(seen, good):
    assert seen.is_good is good


def test_an_unhealthy_etcd_fails_the_check_with_what_was_seen(after_upgrade, api):
    cluster, _, answers = after_upgrade
    answers.append(("etcdctl", json.dumps([{"endpoint": "x", "health": False}])))
    query = "/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-proxy"
    api.answers[query] = {"items": [pod("a"), pod("b")]}
    with pytest.raises(DeadlinePassed, match="etcd_members=1, etcd_healthy=0"):
        check(cluster, 0)
    answers[-1] = ("etcdctl", json.dumps([{"endpoint": "x", "health": True}]))
    check(cluster, 0)
