"""What observers apply: the properties that the measurement depends on."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.observers.fake_api import FakeApi, fake_cluster
from upgrade_e2e.agent.main import parse_args
from upgrade_e2e.agent.pack import pack
from upgrade_e2e.agent.prober import KINDS
from upgrade_e2e.agent.spool import Spool
from upgrade_e2e.cluster import Node, Role
from upgrade_e2e.cluster.room import Room
from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers import (
    ApiServer,
    DeployContext,
    DnsLookups,
    HttpEdge,
    HttpService,
    Images,
    Observer,
    PodChurn,
    Workload,
    label_or_kind,
)
from upgrade_e2e.observers.churn_loop import ChurnLoop
from upgrade_e2e.observers.fleet import Fleet
from upgrade_e2e.observers.objects import agent_config
from upgrade_e2e.observers.prober import apply_probers, prober_spec
from upgrade_e2e.observers.rollout import Rollouts
from upgrade_e2e.timeline import Connection, Origin

ROOM = "/namespaces/upgrade-e2e/"
ALL: tuple[Observer, ...] = (HttpService(), HttpEdge(), DnsLookups(), ApiServer(), PodChurn())


@pytest.fixture
def context(api: FakeApi, tmp_path: Path) -> Iterator[DeployContext]:
    with fake_cluster(api, tmp_path) as cluster:
        yield DeployContext(
            cluster, Images(agent="my/python:3.12", edge="my/nginx:1"), tmp_path, Origin()
        )


def applied(api: FakeApi, kind: str, name: str) -> dict[str, Any]:
    """The spec of an object."""
    (path,) = (one for one in api.objects if one.endswith(f"/{kind}/{name}"))
    return dict(api.objects[path]["spec"])


def web(api: FakeApi) -> tuple[dict[str, Any], dict[str, Any]]:
    """The pod template's spec of the workload, and its container."""
    pod = applied(api, "deployments", "web")["template"]["spec"]
    return pod, pod["containers"][0]


def test_everything_is_ours_and_in_our_namespace(api: FakeApi, context: DeployContext) -> None:
    before = set(api.objects)
    for observer in ALL:
        observer.deploy(context)
    apply_probers(context, prober_spec("run", "token", {}))
    for path in set(api.objects) - before:
        assert ROOM in path
        labels = api.objects[path]["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "upgrade-e2e"


def test_every_probe_is_a_spec_that_the_agent_takes(context: DeployContext, tmp_path: Path) -> None:
    for observer in ALL:
        parts = observer.deploy(context)
        for probe in (*parts.node_probes, *parts.host_probes):
            facts = probe.spec(label_or_kind(observer))
            assert json.loads(json.dumps(facts)) == facts
            kind = KINDS[facts["kind"]]
            kind(facts, Spool(tmp_path / "spool", "run", [facts]), reactor=None)


def test_the_agent_runs_with_nothing_but_the_standard_library(tmp_path: Path) -> None:
    """-I -S: no context-packages, no project, no environment."""
    archive = tmp_path / "agent.pyz"
    archive.write_bytes(pack())
    argv = [sys.executable, "-I", "-S", str(archive), "--help"]
    told = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    assert "serve" in told.stdout


def test_the_agent_fits_into_a_config_map(context: DeployContext) -> None:
    assert len(pack()) < 500_000
    config = agent_config(context)
    assert config["data"] == {}
    assert {name: b64decode(data) for name, data in config["binaryData"].items()} == {
        "agent.pyz": pack()
    }


def test_each_deployment_has_a_token_of_its_own(api: FakeApi, context: DeployContext) -> None:
    path = "/api/v1/namespaces/upgrade-e2e/configmaps/prober-spec"
    tokens = []
    for _ in range(2):
        Fleet(context).deploy({"web": ()}, {})
        tokens.append(json.loads(api.objects[path]["data"]["spec.json"])["token"])
    assert len({*tokens}) == 2
    assert min(len(token) for token in tokens) >= 32


def test_probers_survive_drains_and_keep_their_samples(
    api: FakeApi, context: DeployContext
) -> None:
    apply_probers(context, prober_spec("run", "token", {}))
    pod = applied(api, "daemonsets", "prober")["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert pod["priorityClassName"] == "system-node-critical"
    assert {"livenessProbe", "readinessProbe"}.isdisjoint(container)
    (spool,) = (volume for volume in pod["volumes"] if volume["name"] == "spool")
    assert spool["hostPath"]["path"] == "/var/lib/upgrade-e2e/upgrade-e2e"
    assert container["image"] == "my/python:3.12"
    assert container["imagePullPolicy"] == "IfNotPresent"
    assert container["securityContext"]["capabilities"]["add"] == ["SYS_NICE"]


def test_command_lines_are_those_of_the_agent(api: FakeApi, context: DeployContext) -> None:
    HttpService().deploy(context)
    apply_probers(context, prober_spec("run", "token", {}))
    prober = applied(api, "daemonsets", "prober")["template"]["spec"]["containers"][0]
    for container in (web(api)[1], prober):
        assert container["command"][:4] == ["python3", "-I", "-S", "/agent/agent.pyz"]
        args = parse_args(container["command"][4:])
        bind = getattr(args, "bind", "") or args.listen
        names = {variable["name"] for variable in container["env"]}
        assert set(re.findall(r"\$\((\w+)\)", bind)) <= names


def test_a_workload_does_what_it_is_told(api: FakeApi, context: DeployContext) -> None:
    workload = Workload(replicas=5, pre_stop_s=7, on_term="exit", pdb_min_available=4)
    HttpService(workload=workload).deploy(context)
    pod, container = web(api)
    assert applied(api, "deployments", "web")["replicas"] == 5
    assert container["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", "7"]
    assert "--on-term=exit" in container["command"]
    assert pod["terminationGracePeriodSeconds"] > 7 + workload.drain_s
    assert applied(api, "poddisruptionbudgets", "web")["minAvailable"] == 4


def test_where_workers_are_too_few_the_workload_may_run_on_control_planes(
    api: FakeApi, context: DeployContext
) -> None:
    HttpService().deploy(context)
    assert "tolerations" not in web(api)[0]
    narrow = dataclasses.replace(context, room=Room.planned(["control-plane"], ["worker"]))
    HttpService().deploy(narrow)
    (toleration,) = web(api)[0]["tolerations"]
    assert toleration == {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}


def test_a_workload_leaves_out_what_it_lacks(api: FakeApi, context: DeployContext) -> None:
    bare = Workload(pre_stop_s=0, pdb_min_available=0, readiness=False)
    HttpService(workload=bare).deploy(context)
    _, container = web(api)
    assert {"lifecycle", "readinessProbe"}.isdisjoint(container)
    assert not [path for path in api.objects if "poddisruptionbudgets" in path]


def test_the_edge_of_a_node_is_asked_by_the_prober_of_that_node(
    api: FakeApi, context: DeployContext
) -> None:
    (probe,) = HttpEdge().deploy(context).node_probes
    assert applied(api, "services", "edge")["internalTrafficPolicy"] == "Local"
    pod = applied(api, "daemonsets", "edge")["template"]["spec"]
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert pod["containers"][0]["image"] == "my/nginx:1"
    assert probe.connection is Connection.NEW
    config = api.objects["/api/v1/namespaces/upgrade-e2e/configmaps/edge"]["data"]["nginx.conf"]
    assert "proxy_next_upstream off;" in config
    assert "proxy_pass http://127.0.0.1:80;" in config


def test_only_the_edge_is_asked_though_it_is_shown_as_not_ready(
    api: FakeApi, context: DeployContext
) -> None:
    HttpEdge().deploy(context)
    assert applied(api, "services", "edge")["publishNotReadyAddresses"] is True
    assert "publishNotReadyAddresses" not in applied(api, "services", "web")


def test_http_probes_do_not_depend_on_cluster_dns(context: DeployContext) -> None:
    for observer in (HttpService(), HttpEdge()):
        for probe in observer.deploy(context).node_probes:
            assert probe.settings["url"] == "http://127.0.0.1:80/"


def test_rates_become_intervals(context: DeployContext) -> None:
    streams = {
        p.name: p
        for p in DnsLookups(rate_hz=20, side_hz=4, reused_hz=10).deploy(context).node_probes
    }
    assert {name: probe.interval_s for name, probe in streams.items()} == {
        "a": 0.05,
        "aaaa": 0.25,
        "search": 0.25,
        "nxdomain": 0.25,
        "reused": 0.1,
    }
    assert streams["a"].settings["qname"] == "kubernetes.default.svc.cluster.local."
    assert streams["search"].settings["qname"] == "kubernetes.default"


def test_credentials_reach_the_agent(context: DeployContext) -> None:
    settings = context.cluster.api.client.configuration
    settings.api_key["authorization"] = "secret"
    settings.api_key_prefix["authorization"] = "Bearer"
    settings.cert_file, settings.key_file, settings.ssl_ca_cert = "c.pem", "k.pem", "ca.pem"
    probes = {probe.name: probe.settings for probe in ApiServer().deploy(context).host_probes}
    assert set(probes) == {"readyz", "get", "write", "watch"}
    for facts in probes.values():
        assert facts["token"] == "secret"  # noqa: S105 - made up
        assert (facts["cert_file"], facts["key_file"]) == ("c.pem", "k.pem")
        assert facts["ca_file"] == "ca.pem"
        assert "insecure" not in facts


def test_a_proxy_in_front_of_the_api_is_refused(context: DeployContext) -> None:
    context.cluster.api.client.configuration.proxy = "http://proxy:3128"
    with pytest.raises(BadInput, match=r"proxy http://proxy:3128"):
        ApiServer().deploy(context)


def test_observers_keep_step_with_a_cluster_that_goes_faster(context: DeployContext) -> None:
    fast = dataclasses.replace(context, pace=10.0)
    rolled = HttpService(workload=Workload(rollout_every_s=90.0))
    (rollouts,) = rolled.deploy(fast).background_tasks
    assert isinstance(rollouts, Rollouts)
    assert rollouts.every_s == 9.0
    (churn_loop,) = PodChurn(every_s=10.0).deploy(fast).background_tasks
    assert isinstance(churn_loop, ChurnLoop)
    assert churn_loop._every_s == 1.0
    (probe,) = PodChurn().deploy(fast).host_probes
    assert probe.interval_s == PodChurn().deploy(context).host_probes[0].interval_s


def churned(context: DeployContext) -> ChurnLoop:
    """The loop that churns pods in this cluster."""
    (loop,) = PodChurn(every_s=9.0).deploy(context).background_tasks
    assert isinstance(loop, ChurnLoop)
    return loop


def of_shape(context: DeployContext, control_planes: int, workers: int) -> DeployContext:
    """The same context, in a cluster of so many nodes."""
    nodes = [Node(f"c{n}", Role.CONTROL_PLANE) for n in range(control_planes)]
    nodes += [Node(f"w{n}", Role.WORKER) for n in range(workers)]
    names = [node.name for node in nodes]
    room = Room.planned(names[:control_planes], names[control_planes:])
    cluster = dataclasses.replace(context.cluster, nodes=tuple(nodes))
    return dataclasses.replace(context, cluster=cluster, room=room)


@pytest.mark.parametrize(
    ("control_planes", "workers", "nodes"),
    [
        (1, 3, ("w0", "w1", "w2")),
        (1, 1, ("w0", "c0")),
        (3, 1, ("w0", "c0")),
        (3, 0, ("c0", "c1")),
        (1, 0, ("c0",)),
    ],
)
def test_pods_churn_on_workers_and_on_two_nodes_where_there_are_two(
    context: DeployContext, control_planes: int, workers: int, nodes: tuple[str, ...]
) -> None:
    assert churned(of_shape(context, control_planes, workers))._nodes == nodes


def test_on_a_single_node_bursts_come_more_often(context: DeployContext) -> None:
    assert churned(of_shape(context, 1, 0))._every_s == 3.0
    assert churned(of_shape(context, 1, 1))._every_s == 9.0
