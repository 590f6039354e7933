"""etcd as the pods of a kubeadm cluster show it, canaries, and what members hold at the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.agent.rig import SOON
from tests.unit.observers.fake_api import FakeApi
from upgrade_e2e.agent.prober import KINDS
from upgrade_e2e.agent.spool import Spool
from upgrade_e2e.errors import BadInput, E2eError
from upgrade_e2e.observers import EtcdHealth, Parts, canaries, etcd_end
from upgrade_e2e.observers.base import DeployContext
from upgrade_e2e.observers.canaries import Canaries
from upgrade_e2e.observers.etcd_end import ALARMS, HASH, EtcdAtTheEnd
from upgrade_e2e.observers.etcd_members import find_members, key_prefix, metrics_url
from upgrade_e2e.timeline import Outcome, SamplesBuilder, Window
from upgrade_e2e.wait import wait_for

PODS = "/api/v1/namespaces/kube-system/pods"
FLAGS = {
    "advertise-client-urls": "https://172.18.0.2:2379",
    "listen-metrics-urls": "http://127.0.0.1:2381",
    "trusted-ca-file": "/etc/kubernetes/pki/etcd/ca.crt",
    "cert-file": "/etc/kubernetes/pki/etcd/server.crt",
    "key-file": "/etc/kubernetes/pki/etcd/server.key",
}


def static_pod(api: FakeApi, component: str, node: str = "cp", **flags: str) -> None:
    """A static pod with these flags, as kubeadm makes it."""
    command = [component, *(f"--{name}={value}" for name, value in flags.items())]
    container = {"name": component, "image": component, "command": command}
    pod = {
        "kind": "Pod",
        "metadata": {"name": f"{component}-{node}", "namespace": "kube-system"},
        "spec": {"nodeName": node, "containers": [container]},
        "status": {"phase": "Running"},
    }
    api.put(f"{PODS}/{component}-{node}", pod)


def flags(**changes: str) -> dict[str, str]:
    """The flags of a member."""
    return {**FLAGS, **{name.replace("_", "-"): value for name, value in changes.items()}}


def test_members_are_asked_as_their_pod_says(api: FakeApi, context: DeployContext) -> None:
    static_pod(api, "etcd", **flags())
    (member,) = find_members(context.cluster)
    assert (member.node, member.pod) == ("cp", "etcd-cp")
    assert member.etcdctl == (
        "etcdctl",
        "--endpoints=https://172.18.0.2:2379",
        "--cacert=/etc/kubernetes/pki/etcd/ca.crt",
        "--cert=/etc/kubernetes/pki/etcd/server.crt",
        "--key=/etc/kubernetes/pki/etcd/server.key",
    )


@pytest.mark.parametrize(
    ("listens", "asked"),
    [
        ("http://127.0.0.1:2381", "http://127.0.0.1:2381"),
        ("http://[::1]:2381", "http://[::1]:2381"),
        ("https://127.0.0.1:2382,http://0.0.0.0:2381", "http://127.0.0.1:2381"),
    ],
)
def test_metrics_are_asked_for_on_the_own_node(
    api: FakeApi, context: DeployContext, listens: str, asked: str
) -> None:
    static_pod(api, "etcd", **flags(listen_metrics_urls=listens))
    parts = EtcdHealth().deploy(context)
    urls = [probe.settings["url"] for probe in parts.control_plane_probes]
    assert urls == [f"{asked}/metrics", f"{asked}/health?serializable=true"]
    assert not parts.node_probes
    assert not parts.own_node_probes


def test_etcd_that_cannot_be_watched_is_refused(api: FakeApi, context: DeployContext) -> None:
    with pytest.raises(BadInput, match="component=etcd"):
        EtcdHealth().deploy(context)
    static_pod(api, "etcd", **flags(listen_metrics_urls="https://127.0.0.1:2381"))
    with pytest.raises(BadInput, match="no address without TLS"):
        EtcdHealth().deploy(context)
    static_pod(api, "etcd", **flags())
    static_pod(api, "etcd", "cp2", **flags(listen_metrics_urls="http://127.0.0.1:9999"))
    with pytest.raises(BadInput, match="the same --listen-metrics-urls"):
        metrics_url(find_members(context.cluster))


def test_a_simulated_cluster_has_none(context: DeployContext) -> None:
    assert EtcdHealth().deploy(replace(context, simulated=True)) == Parts()


def test_keys_are_where_the_api_server_keeps_them(api: FakeApi, context: DeployContext) -> None:
    assert key_prefix(context.cluster) == "/registry"
    static_pod(api, "kube-apiserver", **{"etcd-prefix": "/elsewhere"})
    assert key_prefix(context.cluster) == "/elsewhere"


def written(api: FakeApi) -> list[str]:
    """The canaries that the API has."""
    return [path for path in api.objects if "/configmaps/etcd-canary-" in path]


def read_back(monkeypatch: pytest.MonkeyPatch, keys: list[str]) -> None:
    """What etcd shows at the end: keys with empty lines between, as etcdctl prints them."""
    monkeypatch.setattr(canaries, "ask_any", lambda *_: "\n\n".join(keys) + "\n")


def test_a_canary_that_etcd_lost_is_lost_and_no_other(
    api: FakeApi, context: DeployContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Canaries(context, "etcd", 100.0)
    task.start()
    wait_for("ten canaries", lambda: len(written(api)), lambda count: count >= 10, SOON)
    task.stop()
    assert task.missing() == ""
    assert task.broken() == ""
    numbers = range(1, len(written(api)) + 1)
    prefix = "/registry/configmaps/upgrade-e2e/etcd-canary-"
    read_back(monkeypatch, [f"{prefix}{number}" for number in numbers if number != 4])
    builder = SamplesBuilder()
    task.samples(builder, Window(0.0, context.origin.now_s()))
    seen = builder.build()
    assert [stream.name for stream in seen.streams] == ["canary@host"]
    assert len(seen) == len(numbers)
    assert [index + 1 for index in range(len(seen)) if seen.outcome[index] == Outcome.LOST] == [4]
    assert set(seen.outcome) == {Outcome.OK, Outcome.LOST}


def test_a_write_that_was_not_acknowledged_may_be_gone(
    api: FakeApi, context: DeployContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Canaries(context, "etcd", 100.0)
    task.start()
    wait_for("a canary", lambda: len(written(api)), bool, SOON)
    api.status = 503
    refused = len(api.requests)
    wait_for("refused writes", lambda: len(api.requests) - refused, lambda n: n >= 5, SOON)
    task.stop()
    api.status = 200
    kept = [f"x/etcd-canary-{path.rpartition('-')[2]}" for path in written(api)]
    read_back(monkeypatch, kept)
    builder = SamplesBuilder()
    task.samples(builder, Window(0.0, context.origin.now_s()))
    seen = builder.build()
    assert len(seen) == len(kept)
    assert set(seen.outcome) == {Outcome.OK}


def test_without_an_answer_of_etcd_nothing_is_said_about_canaries(
    api: FakeApi, context: DeployContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> str:
        raise E2eError("no member can be asked")

    monkeypatch.setattr(canaries, "ask_any", fails)
    monkeypatch.setattr(canaries, "_READ_S", 0.0)
    task = Canaries(context, "etcd", 100.0)
    task.start()
    wait_for("a canary", lambda: len(written(api)), bool, SOON)
    task.stop()
    builder = SamplesBuilder()
    task.samples(builder, Window(0.0, context.origin.now_s()))
    assert len(builder.build()) == 0


class Etcdctl:
    """Answers as etcdctl 3.6 does, for members that may differ."""

    def __init__(self, *members: tuple[str, int, int, int], alarms: list[int] | None = None):
        """Each member: its address, revision, compacted revision and hash."""
        self.members, self.alarms = members, alarms or []
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, _cluster: object, *words: str) -> object:
        self.asked.append(words)
        if words[:2] == ("endpoint", "status"):
            return [
                {"Endpoint": self._url(host), "Status": {"header": {"revision": revision}}}
                for host, revision, _, _ in self.members
            ]
        if words[:2] == ("endpoint", "hashkv"):
            return [
                {
                    "Endpoint": self._url(host),
                    "HashKV": {"header": {}, "hash": value, "compact_revision": compacted},
                }
                for host, _, compacted, value in self.members
            ]
        alarms = [{"memberID": 7, "alarm": kind} for kind in self.alarms]
        return {"header": {}, **({"alarms": alarms} if alarms else {})}

    @staticmethod
    def _url(host: str) -> str:
        return f"https://{host}:2379"


@pytest.fixture
def two_members(api: FakeApi) -> None:
    """Two members with addresses of their own."""
    for node, address in (("cp", "172.18.0.2"), ("cp2", "172.18.0.3")):
        url = f"https://{address}:2379"
        static_pod(api, "etcd", node, **flags(advertise_client_urls=url))


def end_of(
    context: DeployContext, etcdctl: Etcdctl, monkeypatch: pytest.MonkeyPatch
) -> dict[tuple[str, str], float]:
    """The readings at the end, by metric and node."""
    monkeypatch.setattr(etcd_end, "ask_json", etcdctl)
    found = EtcdAtTheEnd(context.cluster).readings(Window(1.0, 9.0))
    assert {int(one.at_us[0]) for one in found.series} <= {9_000_000}
    return {(one.metric, one.node): one.value[0] for one in found.series}


@pytest.mark.usefixtures("two_members")
def test_hashes_are_asked_at_the_revision_that_all_have(
    context: DeployContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    etcdctl = Etcdctl(("172.18.0.2", 120, 50, 4_000_000_000), ("172.18.0.3", 118, 50, 7))
    found = end_of(context, etcdctl, monkeypatch)
    assert found[HASH, "cp"] == 4_000_000_000
    assert found[HASH, "cp2"] == 7
    assert found[ALARMS, ""] == 0
    assert ("endpoint", "hashkv", "--cluster", "--rev=118") in etcdctl.asked


@pytest.mark.usefixtures("two_members")
def test_members_that_have_forgotten_different_revisions_are_not_compared(
    context: DeployContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(etcd_end, "_SETTLE_S", 0.0)
    etcdctl = Etcdctl(("172.18.0.2", 120, 50, 1), ("172.18.0.3", 118, 60, 1))
    assert end_of(context, etcdctl, monkeypatch) == {(ALARMS, ""): 0}


@pytest.mark.usefixtures("two_members")
def test_alarms_are_counted_and_named(
    context: DeployContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    etcdctl = Etcdctl(("172.18.0.2", 9, 0, 1), ("172.18.0.3", 9, 0, 1), alarms=[1, 1, 2])
    monkeypatch.setattr(etcd_end, "ask_json", etcdctl)
    found = EtcdAtTheEnd(context.cluster).readings(Window(1.0, 9.0))
    (alarms,) = found.of(ALARMS)
    assert alarms.value.tolist() == [3]
    assert alarms.labels == {"kinds": "CORRUPT, NOSPACE"}


def test_its_probes_are_specs_that_the_agent_takes(
    api: FakeApi, context: DeployContext, tmp_path: Path
) -> None:
    static_pod(api, "etcd", **flags())
    for probe in EtcdHealth().deploy(context).control_plane_probes:
        facts = probe.spec("etcd")
        KINDS[facts["kind"]](facts, Spool(tmp_path / "spool", "run", [facts]), reactor=None)
