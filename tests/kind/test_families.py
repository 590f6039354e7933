"""The default observers on real clusters of other networks: each address family, an own DNS domain.

Each cluster is made, watched for some seconds, and deleted. Nothing is upgraded, so no probe of any
family may fail.
"""

from __future__ import annotations

import dataclasses
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kind.conftest import OLD
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.fact_reading import read_facts
from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.command import Runner
from upgrade_e2e.observers import (
    ApiServer,
    DnsLookups,
    HttpEdge,
    HttpService,
    Images,
    Observation,
    PodChurn,
)
from upgrade_e2e.providers.kind.creation import handle
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.health import check, wait_until_whole
from upgrade_e2e.timeline import Origin, Outcome, Samples

pytestmark = pytest.mark.thorough(part="families")

NAME = "e2e-net"
WATCHED_S = 10.0
IMAGES = Images()
OBSERVERS = (HttpService(), HttpEdge(), DnsLookups(), ApiServer(), PodChurn())
ONE_FAMILY = {"web": {"new", "reused"}, "edge": {"new"}}
FIFTH = 0.2


@dataclasses.dataclass(frozen=True)
class Shape:
    """A network as a user's kind configuration asks for it, and what is to be seen on it."""

    networking: Mapping[str, str]
    facts: ClusterFacts
    streams: Mapping[str, set[str]]
    domain: str = "cluster.local"


SHAPES = {
    "ipv6": Shape(
        {"ipFamily": "ipv6", "podSubnet": "fd00:77::/56", "serviceSubnet": "fd00:78::/112"},
        ClusterFacts(("ipv6",), proxy="iptables"),
        ONE_FAMILY,
    ),
    "dual": Shape(
        {"ipFamily": "dual", "kubeProxyMode": "nftables"},
        ClusterFacts(("ipv4", "ipv6"), proxy="nftables"),
        {
            "web": {"new", "reused", "new-ipv6", "reused-ipv6"},
            "edge": {"new", "new-ipv6"},
        },
    ),
    "domain": Shape(
        {}, ClusterFacts(dns_domain="corp.test", proxy="iptables"), ONE_FAMILY, "corp.test"
    ),
}


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> Shape:
    """One network after the other."""
    return SHAPES[request.param]


@pytest.fixture
def cluster(shape: Shape, tmp_path: Path) -> Iterator[Cluster]:
    """A control plane and a worker in that network, with the images of the observers."""
    kubeconfig = tmp_path / "kubeconfig"
    config = tmp_path / "kind.yaml"
    config.write_text(yaml.safe_dump(kind_config(shape)))
    try:
        kind("create", "cluster", f"--config={config}", f"--kubeconfig={kubeconfig}", "--wait=90s")
        kind("load", "docker-image", IMAGES.agent, IMAGES.edge)
        made = handle(Docker(Runner()), NAME, kubeconfig)
        wait_until_whole(made, 120)
        yield made
    finally:
        kind("delete", "cluster")


def kind_config(shape: Shape) -> dict[str, Any]:
    """The user's configuration."""
    domain = {"kind": "ClusterConfiguration", "networking": {"dnsDomain": shape.domain}}
    image = f"kindest/node:{OLD}"
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "networking": dict(shape.networking),
        "nodes": [{"role": role, "image": image} for role in ("control-plane", "worker")],
        "kubeadmConfigPatches": [yaml.safe_dump(domain)],
    }


def kind(*words: str) -> None:
    """Run kind for our cluster; a failure shows what it said."""
    done = subprocess.run(
        ["kind", *words, "--name", NAME],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


def test_every_probe_is_answered_in_this_network(
    shape: Shape, cluster: Cluster, tmp_path: Path
) -> None:
    check(cluster, 60)  # the nodes and etcd, which may listen on an IPv6 address only
    facts = read_facts(cluster)
    assert dataclasses.replace(facts, cni="", config_digest="") == shape.facts
    assert facts.cni
    seen = watched(cluster, facts, tmp_path)
    for observer, samples in seen.items():
        assert failures(samples) == {}, observer
    for observer, names in shape.streams.items():
        on_nodes = {f"{name}@{node.name}" for name in names for node in cluster.nodes}
        assert {stream.name for stream in seen[observer].streams} == on_nodes
    for stream in (stream for samples in seen.values() for stream in samples.streams):
        assert_seen(seen, stream.name, stream.interval_s)
    assert_rates(facts, seen["dns"])


def watched(cluster: Cluster, facts: ClusterFacts, folder: Path) -> Mapping[str, Samples]:
    """What the default observers saw in some seconds."""
    observation = Observation(cluster, OBSERVERS, IMAGES, Origin(), folder / "work", facts=facts)
    with closing(observation):
        observation.deploy()
        observation.start()
        time.sleep(WATCHED_S)
        return observation.finish()


def failures(samples: Samples) -> dict[str, list[str]]:
    """The outcomes of failed probes by stream; a probe that was not sent is no failure."""
    found: dict[str, list[str]] = {}
    for stream, outcome in zip(samples.stream, samples.outcome, strict=True):
        if Outcome(outcome) not in (Outcome.OK, Outcome.NOT_SENT):
            found.setdefault(samples.streams[stream].name, []).append(Outcome(outcome).label)
    return found


def assert_seen(seen: Mapping[str, Samples], name: str, interval_s: float) -> None:
    """A stream that goes by a clock got answers."""
    answered = [
        (samples.of_stream(name).outcome == Outcome.OK).sum()
        for samples in seen.values()
        if name in {stream.name for stream in samples.streams}
    ]
    if interval_s:
        assert min(answered) > 0, name


def assert_rates(facts: ClusterFacts, dns: Samples) -> None:
    """The record type of the cluster's primary family is asked for at the full rate."""
    primary = "a@" if facts.families[0] == "ipv4" else "aaaa@"
    fast = {stream.name for stream in dns.streams if stream.interval_s == 1 / DnsLookups().rate_hz}
    assert fast
    assert all(name.startswith(primary) for name in fast)
