"""What is read back at the end, and what is complained of."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pytest

from tests.unit.cluster.objects import daemon_set, deployment
from tests.unit.cluster.workloads import dns, proxy
from tests.unit.kind.fakes import node, pod
from tests.unit.kind.upgraded import (
    CERTIFICATES,
    CONTROL,
    IMAGES,
    V34,
    WORKER,
    KubeadmRunner,
    kubeadm_answers,
    upgraded_objects,
)
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.cluster.addons import find_addons
from upgrade_e2e.cluster.nodes import NodeHealth
from upgrade_e2e.errors import DeadlinePassed, E2eError
from upgrade_e2e.providers.kind.health import ClusterHealth, check, roll_addons
from upgrade_e2e.providers.kind.inspection import Target, dry_run_files, inspect

PLAN_WITH_WORK = "COMPONENT   NODE   CURRENT   TARGET\nkubelet   dev-worker   v1.33.13   v1.34.4\n"


@pytest.fixture
def after_upgrade(api, tmp_path):
    """A cluster that was after_upgrade as it should be."""
    api.answers |= upgraded_objects()
    answers = kubeadm_answers()
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
        ("coredns-dev-worker", "coredns is missing, not v1.12.1"),
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


APPS = "/apis/apps/v1/namespaces/kube-system"


def after(api, target, before, now=None, left_alone=()):
    """The target for a cluster that had these addons, and has those of `now`: lists of objects."""
    daemon_sets, deployments = now or before
    api.answers[f"{APPS}/daemonsets"] = {"items": daemon_sets}
    api.answers[f"{APPS}/deployments"] = {"items": deployments}
    return replace(target, addons=find_addons(*before), left_alone=frozenset(left_alone))


def test_addons_of_kubeadm_are_compared_with_what_it_wants(after_upgrade, api):
    cluster, target, _ = after_upgrade
    new = ([proxy(image=IMAGES["kube-proxy"])], [dns(image=IMAGES["coredns"])])
    found = inspect(cluster, after(api, target, ([proxy()], [dns()]), new))
    assert found.complaints == ()
    assert found.components == inspect(cluster, target).components


def without_proxies(pods):
    pods[:] = [p for p in pods if not p["metadata"]["name"].startswith("kube-proxy")]


def test_a_cluster_without_kube_proxy_needs_none(after_upgrade, api):
    cluster, target, _ = after_upgrade
    changed(api, without_proxies)
    new = ([], [dns(image=IMAGES["coredns"])])
    found = inspect(cluster, after(api, target, ([], [dns()]), new))
    assert found.complaints == ()
    assert "kube-proxy" not in {part.name for part in found.components}


def test_a_kube_proxy_that_appeared_is_a_complaint(after_upgrade, api):
    cluster, target, _ = after_upgrade
    new = ([proxy(image=IMAGES["kube-proxy"])], [dns(image=IMAGES["coredns"])])
    assert inspect(cluster, after(api, target, ([], [dns()]), new)).complaints == (
        "a DaemonSet kube-proxy appeared in kube-system that was not there before",
    )


@pytest.mark.parametrize("how", ["disabled", "skipped"])
def test_an_addon_that_kubeadm_leaves_alone_must_not_change(after_upgrade, api, how):
    cluster, target, answers = after_upgrade
    before = ([proxy()], [dns()])
    alone = {"kube-proxy"} if how == "skipped" else ()
    if how == "disabled":
        listed = "\n".join(image for name, image in IMAGES.items() if name != "kube-proxy")
        answers[:] = [(p, listed if p == "images list" else s) for p, s in answers]
    new = ([proxy(image=IMAGES["kube-proxy"])], [dns(image=IMAGES["coredns"])])
    assert inspect(cluster, after(api, target, before, new, alone)).complaints == (
        "kube-proxy on dev-control-plane is v1.34.4, not v1.33.13",
        "kube-proxy on dev-worker is v1.34.4, not v1.33.13",
    )


def test_images_of_a_mirror_are_those_that_kubeadm_wants(after_upgrade, api):
    cluster, target, answers = after_upgrade
    mirrored = {name: f"127.0.0.1:5000/{name}:{i.rpartition(':')[2]}" for name, i in IMAGES.items()}
    answers[:] = [
        (p, "\n".join(mirrored.values()) if p == "images list" else s) for p, s in answers
    ]
    new = ([proxy(image=mirrored["kube-proxy"])], [dns(image=mirrored["coredns"])])
    assert inspect(cluster, after(api, target, ([proxy()], [dns()]), new)).complaints == ()


def test_a_static_pod_of_another_registry_than_wanted_is_named(after_upgrade, api):
    cluster, target, answers = after_upgrade
    listed = "\n".join([*IMAGES.values(), "mirror.test/k8s/etcd:3.6.5-0"])
    answers[:] = [(p, listed if p == "images list" else s) for p, s in answers]

    def named(pods):
        etcd = next(p for p in pods if p["metadata"]["name"].startswith("etcd"))
        etcd["spec"]["containers"] = [{"name": "etcd", "image": IMAGES["etcd"]}]

    changed(api, named)
    assert inspect(cluster, target).complaints == (
        "etcd on dev-control-plane is registry.k8s.io/etcd:3.6.5-0, not "
        "mirror.test/k8s/etcd:3.6.5-0",
    )


def test_the_runtime_may_show_another_name_of_the_image(after_upgrade, api):
    cluster, target, answers = after_upgrade
    own = "mirror.test/dns/coredns:v1.12.1-corp.1"
    listed = "\n".join([*IMAGES.values(), own])
    rows = f"REF TYPE DIGEST\n{IMAGES['coredns']} x sha256:0a\n{own} x sha256:0a\n"
    answers[:] = [(p, listed if p == "images list" else s) for p, s in answers]
    answers.insert(0, ("ctr", rows))

    def asks(pods):
        for shown in (p for p in pods if p["metadata"]["name"].startswith("coredns")):
            shown["spec"]["containers"] = [{"name": "coredns", "image": own}]

    changed(api, asks)
    new = ([proxy(image=IMAGES["kube-proxy"])], [dns(image=own)])
    target = after(api, target, ([proxy()], [dns()]), new)
    assert inspect(cluster, target).complaints == ()
    answers[0] = ("ctr", rows.replace("sha256:0a\nmirror", "sha256:0b\nmirror"))
    assert inspect(cluster, target).unfinished[0] == (
        "coredns on dev-worker is v1.12.1, not v1.12.1-corp.1"
    )


def test_addons_are_waited_for(after_upgrade, api):
    path = "/apis/apps/v1/namespaces/kube-system"
    api.answers[f"{path}/deployments/coredns"] = [
        (500, {}),
        deployment(updatedReplicas=1),
        deployment(),
    ]
    api.answers[f"{path}/daemonsets/kube-proxy"] = [
        daemon_set(updatedNumberScheduled=1),
        daemon_set(),
    ]
    roll_addons(after_upgrade[0], IMAGES, within_s=30)
    unplayed = [
        len(api.answers[f"{path}/{name}"]) - 1
        for name in ("deployments/coredns", "daemonsets/kube-proxy")
    ]
    assert unplayed == [0, 0], "each was asked until it was rolled"


GOOD = ClusterHealth(NodeHealth(3, (), 3), 1, 1, 1)


@pytest.mark.parametrize(
    ("seen", "good"),
    [
        (GOOD, True),
        (ClusterHealth(NodeHealth(3, ("dev-worker",), 3), 1, 1, 1), False),
        (ClusterHealth(NodeHealth(3, (), 2), 1, 1, 1), False),
        (ClusterHealth(NodeHealth(3, (), 4), 1, 1, 1), False),
        (ClusterHealth(NodeHealth(4, (), 4), 3, 2, 3), False),
        (ClusterHealth(NodeHealth(4, (), 4), 2, 2, 3), False),
        (ClusterHealth(NodeHealth(4, (), 4), 3, 3, 3), True),
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


API_SERVER = "/etc/kubernetes/manifests/kube-apiserver.yaml"
SCHEDULER = "/etc/kubernetes/manifests/kube-scheduler.yaml"
DRY_RUN = (
    f'[upgrade] Reading\n[dryrun] Would write file "{API_SERVER}" with content:\nkind: Pod\na: 1\n'
    f'[dryrun] Would write file "{SCHEDULER}" with content:\nkind: Pod\nb: 2\n'
    "[upgrade/successful] Finished dryrunning successfully!\n"
)


def test_the_files_of_a_dry_run_are_read():
    assert dry_run_files(DRY_RUN) == {
        API_SERVER: "kind: Pod\na: 1\n",
        SCHEDULER: "kind: Pod\nb: 2\n",
    }
    assert dry_run_files("[upgrade] nothing\n") == {}


@pytest.mark.parametrize("scheduler", ["kind: Pod\nb: 2\n", "kind: Pod\nb: 3\n"])
def test_with_patches_a_dry_run_says_whether_work_is_left(after_upgrade, scheduler):
    """`kubeadm upgrade diff` knows no patches: it would take each patch for work that is left."""
    cluster, target, answers = after_upgrade
    answers[:] = [(p, "--- old\n+++ new\n" if p == "upgrade diff" else s) for p, s in answers]
    answers += [
        ("phase control-plane --dry-run --patches /patches", DRY_RUN),
        (f"cat {API_SERVER}", "kind: Pod\na: 1\n"),
        (f"cat {SCHEDULER}", scheduler),
    ]
    found = inspect(cluster, replace(target, patches="/patches"))
    assert found.nothing_left_to_do is (scheduler == "kind: Pod\nb: 2\n")


def test_a_dry_run_without_manifests_is_no_answer(after_upgrade):
    cluster, target, answers = after_upgrade
    answers.append(("--dry-run", "[upgrade] nothing\n"))
    with pytest.raises(E2eError, match="wrote no manifest"):
        inspect(cluster, replace(target, patches="/patches"))


def test_what_is_left_alone_may_have_any_version(after_upgrade, api):
    def old(pods):
        for part in pods:
            if part["metadata"]["name"].startswith(("coredns", "kube-proxy")):
                part["status"]["containerStatuses"][0]["image"] = "registry.k8s.io/x:v1.0.0"

    changed(api, old)
    cluster, target, _ = after_upgrade
    assert len(inspect(cluster, target).complaints) == 4
    alone = replace(target, left_alone=frozenset({"coredns", "kube-proxy"}))
    found = inspect(cluster, alone)
    assert found.complaints == ()
    assert {"coredns", "kube-proxy"}.isdisjoint(part.name for part in found.components)


def test_addons_that_are_left_alone_are_not_waited_for(after_upgrade, api):
    path = "/apis/apps/v1/namespaces/kube-system"
    api.answers[f"{path}/deployments/coredns"] = deployment(image="registry.k8s.io/coredns:v1")
    api.answers[f"{path}/daemonsets/kube-proxy"] = daemon_set()
    wanted = {name: image for name, image in IMAGES.items() if name != "coredns"}
    roll_addons(after_upgrade[0], wanted, within_s=0)
    with pytest.raises(DeadlinePassed):
        roll_addons(after_upgrade[0], IMAGES, within_s=0)
