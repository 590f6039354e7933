"""When the static pods of a control plane count as settled."""

from __future__ import annotations

import json

import pytest

from tests.unit.kind.fakes import ScriptedRunner, pod
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.errors import DeadlinePassed
from upgrade_e2e.providers.kind.static_pods import COMPONENTS, observe, wait_until_settled

NODE = "dev-control-plane"
MIRRORS = f"/api/v1/namespaces/kube-system/pods?fieldSelector=spec.nodeName%3D{NODE}"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
STARTED = "2026-01-01T00:01:00Z"
ETCD_HEALTH, READYZ = "http://127.0.0.1:2381/readyz", "https://172.18.0.2:6443/readyz"
PROBES = {
    "etcd": [
        {"containerPort": 2381, "name": "probe-port"},
        {"startupProbe": {"httpGet": {"host": "127.0.0.1", "path": "/readyz", "port": 2381}}},
    ],
    "kube-apiserver": [
        {"containerPort": 6443, "name": "probe-port"},
        {
            "livenessProbe": {"httpGet": {"path": "/livez", "port": 1}},
            "readinessProbe": {
                "httpGet": {
                    "host": "172.18.0.2", "path": "/readyz", "port": "probe-port",
                    "scheme": "HTTPS",
                }
            },
        },
    ],
}  # fmt: skip
ALL_WELL = {ETCD_HEALTH: 200, READYZ: 200}
OLD = dict.fromkeys(COMPONENTS, "old")
NEW = dict.fromkeys(COMPONENTS, "new")


def kubelet_pods(hashes, *, ready=True, running=True):
    """The kubelet's own list: a static pod's UID is its hash."""
    made = []
    for name, known in hashes.items():
        notes = {"kubernetes.io/config.hash": known, "kubernetes.io/config.source": "file"}
        one = pod(f"{name}-{NODE}", ready=ready, annotations=notes)
        state = {"running": {"startedAt": STARTED}} if running else {"waiting": {}}
        one["status"]["containerStatuses"][0]["state"] = state
        port, probes = PROBES.get(name, [{}, {}])
        one["spec"]["containers"] = [{"ports": [port] if port else None, **probes}]
        made.append(one)
    coredns = pod("coredns-1", ready=False, annotations={"kubernetes.io/config.source": "api"})
    return json.dumps({"items": [*made, coredns]})


def mirror_pods(hashes):
    """What the API shows of them; its word on readiness comes late."""
    made = [
        pod(
            f"{name}-{NODE}",
            ready=False,
            annotations={"kubernetes.io/config.mirror": h, "kubernetes.io/config.source": "file"},
        )
        for name, h in hashes.items()
    ]
    return {"items": made}


def leases(holder=NODE, acquired="2026-01-01T00:01:14.5Z"):
    """Both leases, held by a process on `holder`."""
    spec = {"holderIdentity": f"{holder}_1a2b", "acquireTime": acquired}
    names = ("kube-controller-manager", "kube-scheduler")
    return {"items": [{"metadata": {"name": name}, "spec": spec} for name in names]}


def curl_says(codes):
    return "".join(f"{url} {code:03}\n" for url, code in codes.items())


@pytest.fixture
def seen(api, tmp_path):
    """What is observed when the kubelet, the components and the API answer these."""

    def look(kubelet, mirrors, well=ALL_WELL, held=None):
        api.answers = {MIRRORS: mirrors, LEASES: held or leases()}
        runner = ScriptedRunner(answers=[(0, kubelet), (28, curl_says(well))])
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(api.kubeconfig())
        node = Node(NODE, Role.CONTROL_PLANE, runner)
        return observe(Cluster("dev", kubeconfig, (node,)), node)

    return look


def test_same_hash_well_and_at_work_is_settled(seen):
    found = seen(kubelet_pods(NEW), mirror_pods(NEW))
    assert found.is_settled
    assert f"kube-scheduler-{NODE} well;" in f"{found!r};"


def test_each_component_is_asked_at_the_address_of_its_own_probe(seen, api, tmp_path):
    kubeconfig = tmp_path / "kubeconfig"
    api.answers = {MIRRORS: mirror_pods(NEW), LEASES: leases()}
    kubeconfig.write_text(api.kubeconfig())
    runner = ScriptedRunner(answers=[(0, kubelet_pods(NEW)), (0, curl_says(ALL_WELL))])
    node = Node(NODE, Role.CONTROL_PLANE, runner)
    observe(Cluster("dev", kubeconfig, (node,)), node)
    asked = [word for word in runner.seen[1] if word.startswith("http")]
    assert asked == [ETCD_HEALTH, READYZ]


def test_a_component_on_an_ipv6_address_is_asked_there(seen, monkeypatch):
    url = "http://[::1]:2381/readyz"
    probe = {"startupProbe": {"httpGet": {"host": "::1", "path": "/readyz", "port": 2381}}}
    monkeypatch.setitem(PROBES, "etcd", [{"containerPort": 2381, "name": "probe-port"}, probe])
    assert seen(kubelet_pods(NEW), mirror_pods(NEW), well={url: 200, READYZ: 200}).is_settled
    assert not seen(kubelet_pods(NEW), mirror_pods(NEW), well=ALL_WELL).is_settled


def test_a_new_hash_that_the_api_does_not_show_yet_is_not(seen):
    one_behind = {**NEW, "kube-scheduler": "old"}
    found = seen(kubelet_pods(NEW), mirror_pods(one_behind))
    assert not found.is_settled
    assert f"kube-scheduler-{NODE} well, the API still shows the one before" in repr(found)


@pytest.mark.parametrize("code", [0, 500])
def test_a_component_that_does_not_call_itself_well_is_not_settled(seen, code):
    found = seen(kubelet_pods(NEW), mirror_pods(NEW), well={**ALL_WELL, READYZ: code})
    assert not found.is_settled
    assert f"kube-apiserver-{NODE} not well" in repr(found)


def test_what_does_not_run_at_the_new_hash_is_not_settled(seen):
    """Even while the process of the old hash still answers at the same address."""
    found = seen(kubelet_pods(NEW, running=False), mirror_pods(NEW))
    assert not found.is_settled
    assert f"etcd-{NODE} not running" in repr(found)


def test_one_without_a_probe_is_believed_to_be_what_the_kubelet_says(seen):
    found = seen(kubelet_pods(NEW, ready=False), mirror_pods(NEW))
    assert not found.is_settled
    assert f"kube-scheduler-{NODE} not well" in repr(found)
    assert f"etcd-{NODE} well" in repr(found)


def test_a_lease_of_the_process_before_is_waited_for(seen):
    held = leases(acquired="2026-01-01T00:00:59.9Z")
    found = seen(kubelet_pods(NEW), mirror_pods(NEW), held=held)
    assert not found.is_settled
    assert f"kube-scheduler-{NODE} well but without its lease" in repr(found)


def test_a_lease_of_another_control_plane_is_in_use(seen):
    held = leases(f"{NODE}2", acquired="2026-01-01T00:00:00Z")
    assert seen(kubelet_pods(NEW), mirror_pods(NEW), held=held).is_settled


@pytest.mark.parametrize(
    "held", [{"items": []}, {"items": [{"metadata": {"name": "kube-scheduler"}, "spec": {}}]}]
)
def test_a_lease_of_nobody_is_waited_for(seen, held):
    assert not seen(kubelet_pods(NEW), mirror_pods(NEW), held=held).is_settled


@pytest.mark.parametrize("missing", COMPONENTS)
def test_a_component_that_is_not_there_is_not_settled(seen, missing):
    partial = {name: h for name, h in NEW.items() if name != missing}
    assert not seen(kubelet_pods(partial), mirror_pods(partial)).is_settled


def test_a_kubelet_that_has_not_read_its_manifests_is_not_settled(seen):
    found = seen(json.dumps({"items": None}), mirror_pods(OLD))
    assert not found.is_settled
    assert repr(found) == "no pods"


def test_a_patch_that_changes_no_hash_settles_at_once(seen):
    assert seen(kubelet_pods(OLD), mirror_pods(OLD)).is_settled


def test_a_name_that_is_the_start_of_another_is_not_taken_for_it(seen):
    named = {("kube-schedulers" if n == "kube-scheduler" else n): h for n, h in NEW.items()}
    assert not seen(kubelet_pods(named), mirror_pods(named)).is_settled


@pytest.mark.parametrize("name", ["vault-kms", "etcd-backup"])
def test_a_static_pod_of_the_users_own_is_not_waited_for(seen, name):
    """It may not run, and in another namespace the API shows it elsewhere."""
    kubelet = json.loads(kubelet_pods({**NEW, name: "own"}))
    for one in kubelet["items"]:
        if one["metadata"]["name"].startswith(name):
            one["status"]["containerStatuses"][0]["state"] = {"waiting": {}}
    found = seen(json.dumps(kubelet), mirror_pods(NEW))
    assert found.is_settled
    assert name not in repr(found)


def test_the_wait_outlasts_an_api_that_is_away(api, tmp_path):
    api.answers[MIRRORS] = [
        (403, {"message": "forbidden"}),
        (500, {}),
        mirror_pods(OLD),
        mirror_pods(NEW),
    ]
    api.answers[LEASES] = leases()
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(api.kubeconfig())
    refused = (7, "curl: (7) Failed to connect")
    told = [(0, kubelet_pods(NEW)), (0, curl_says(ALL_WELL))]
    node = Node(NODE, Role.CONTROL_PLANE, ScriptedRunner(answers=[refused, *(told * 5)]))
    wait_until_settled(Cluster("dev", kubeconfig, (node,)), node, within_s=30)
    assert api.asked.count(MIRRORS) == 5


def test_the_deadline_tells_which_pod_is_late(api, tmp_path):
    api.answers = {MIRRORS: mirror_pods({**NEW, "etcd": "old"}), LEASES: leases()}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(api.kubeconfig())
    runner = ScriptedRunner(answers=[(0, kubelet_pods(NEW)), (0, curl_says(ALL_WELL))])
    node = Node(NODE, Role.CONTROL_PLANE, runner)
    with pytest.raises(DeadlinePassed, match="etcd-dev-control-plane well, the API still shows"):
        wait_until_settled(Cluster("dev", kubeconfig, (node,)), node, within_s=0)
