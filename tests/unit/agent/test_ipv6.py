"""The agent in clusters of IPv6: as prober, as web service, and as a client of DNS."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.unit.agent.name_server import name_server
from tests.unit.agent.rig import Agent, Rig, answers_of, await_outcome, collect, http
from upgrade_e2e.agent.dns import Resolver
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.observers import DeployContext, DnsLookups, Images
from upgrade_e2e.observers.status_poller import complaints
from upgrade_e2e.timeline import Origin

KNOWN = frozenset({"kubernetes.default.svc.corp.test"})
SEARCH = ["upgrade-e2e.svc.corp.test", "svc.corp.test", "corp.test"]


@pytest.fixture(scope="module", autouse=True)
def ipv6() -> None:
    """Skip on a machine whose loopback has no IPv6 address."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 on loopback: {error}")


def lookups(folder: Path, server: str, *families: str) -> list[dict[str, Any]]:
    """The streams of DnsLookups in a cluster of these families, asking `server`."""
    cluster = Cluster("it", folder / "kubeconfig", ())
    facts = ClusterFacts(families, dns_domain="corp.test")
    context = DeployContext(cluster, Images(), folder, Origin(), facts=facts)
    observer = DnsLookups(rate_hz=20, side_hz=10, timeout_s=10)
    found = []
    for probe in observer.deploy(context).node_probes:
        stream = {**probe.spec("dns"), "server": server}
        if probe.name == "search":
            stream |= {"search": SEARCH, "ndots": 5}
        found.append(stream)
    return found


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_lookups_are_right_where_a_service_has_an_ipv6_address_only(
    rig: Rig, tmp_path: Path, host: str
) -> None:
    """As CoreDNS answers there: AAAA with a record, A without, both without an error."""
    with name_server(KNOWN, "AAAA", host) as port:
        prober = rig.probe(*lookups(tmp_path, f"[{host}]:{port}", "ipv6"))
        for name in ("a", "aaaa", "search", "nxdomain", "reused"):
            await_outcome(prober, "ok", f"dns.{name}", count=3)
        assert list(complaints("worker", prober.get("/status"))) == []
        seen = collect(prober)
    for name in ("a", "aaaa", "search", "nxdomain", "reused"):
        assert answers_of(seen, f"dns.{name}") == {"ok"}


def test_an_ipv4_record_is_missed_where_the_service_should_have_one(
    rig: Rig, tmp_path: Path
) -> None:
    with name_server(KNOWN, "AAAA") as port:
        prober = rig.probe(*lookups(tmp_path, f"127.0.0.1:{port}", "ipv4", "ipv6"))
        await_outcome(prober, "bad-answer", "dns.a", count=3)
        seen = collect(prober)
    assert answers_of(seen, "dns.a") == {"bad-answer"}
    assert "ok" not in answers_of(seen, "dns.a")


@pytest.mark.parametrize(
    ("nameserver", "family"),
    [("fd00:10:96::a", socket.AF_INET6), ("10.96.0.10", socket.AF_INET)],
)
def test_the_name_server_of_a_pod_may_have_either_family(
    tmp_path: Path, nameserver: str, family: socket.AddressFamily
) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text(f"search svc.corp.test\nnameserver {nameserver}\noptions ndots:5\n")
    found = Resolver({}, str(file))
    assert (found.family, found.address) == (family, (nameserver, 53))


def status_at(host: str, web: Agent) -> int:
    """What the web service answers at an address."""
    return urllib3.request("GET", f"http://{host}:{web.port}/", retries=False, timeout=10).status


def test_a_web_service_on_all_addresses_answers_in_both_families(rig: Rig) -> None:
    web = rig.start("serve", "--bind=[::]:0")
    assert [status_at(host, web) for host in ("127.0.0.1", "[::1]")] == [200, 200]


def test_a_web_service_on_one_address_is_refused_at_the_other(rig: Rig) -> None:
    web = rig.start("serve", "--bind=[::1]:0")
    assert status_at("[::1]", web) == 200
    with pytest.raises(urllib3.exceptions.NewConnectionError):
        status_at("127.0.0.1", web)


@pytest.mark.parametrize("connection", ["new", "reused"])
def test_requests_go_to_an_ipv6_address(rig: Rig, connection: str) -> None:
    web = rig.start("serve", "--bind=[::]:0")
    stream = http(web.port, url=f"http://[::1]:{web.port}/", connection=connection)
    prober = rig.probe(stream)
    await_outcome(prober, "ok")
    assert answers_of(collect(prober)) == {"ok"}
