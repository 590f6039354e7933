"""Observers in clusters of IPv6, of both families, and with a DNS domain of their own."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.observers.fake_api import FakeApi, fake_cluster
from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers import (
    DeployContext,
    DnsLookups,
    HttpEdge,
    HttpService,
    Images,
    Observer,
    as_written,
)
from upgrade_e2e.observers.base import Probe
from upgrade_e2e.observers.edge import nginx_conf
from upgrade_e2e.observers.http import SECOND_FAMILY
from upgrade_e2e.timeline import Connection, Origin

V4, V6 = "10.96.0.7", "fd00:10:96::7"
DUAL, DUAL_6 = ClusterFacts(("ipv4", "ipv6")), ("ipv6", "ipv4")
SERVICES = "/api/v1/namespaces/shop/services"


@pytest.fixture
def api() -> FakeApi:
    return FakeApi(addresses=(V4, V6))


@pytest.fixture
def context(api: FakeApi, tmp_path: Path) -> Iterator[DeployContext]:
    with fake_cluster(api, tmp_path) as cluster:
        yield DeployContext(cluster, Images(), tmp_path, Origin(), facts=DUAL)


def in_cluster(context: DeployContext, *families: str, domain: str = "") -> DeployContext:
    """The same place in a cluster of these families, or of this domain."""
    facts = dataclasses.replace(context.facts, families=families or context.facts.families)
    return dataclasses.replace(
        context, facts=dataclasses.replace(facts, dns_domain=domain or facts.dns_domain)
    )


def probes(observer: Observer, context: DeployContext) -> dict[str, Probe]:
    """The streams of every node by name."""
    return {probe.name: probe for probe in observer.deploy(context).node_probes}


def spec_of(api: FakeApi, kind: str, name: str) -> dict[str, Any]:
    """The spec of what was applied."""
    (path,) = (one for one in api.objects if one.endswith(f"/{kind}/{name}"))
    return dict(api.objects[path]["spec"])


def test_each_family_of_a_service_is_a_stream_of_its_own(context: DeployContext) -> None:
    seen = probes(HttpService(rate_hz=40), context)
    assert {name: one.settings["url"] for name, one in seen.items()} == {
        "new": f"http://{V4}:80/",
        "new-ipv6": f"http://[{V6}]:80/",
        "reused": f"http://{V4}:80/",
        "reused-ipv6": f"http://[{V6}]:80/",
    }
    assert seen["new"].interval_s == seen["reused"].interval_s == 1 / 40
    assert seen["new-ipv6"].interval_s == pytest.approx(1 / (40 * SECOND_FAMILY))
    assert seen["reused-ipv6"].connection is Connection.REUSED


def test_the_names_of_the_primary_familys_streams_stay(
    api: FakeApi, context: DeployContext
) -> None:
    api.addresses = (V6, V4)
    assert set(probes(HttpService(), in_cluster(context, *DUAL_6))) == {
        *("new", "reused"),
        *("new-ipv4", "reused-ipv4"),
    }
    assert set(probes(HttpEdge(), in_cluster(context, *DUAL_6))) == {"new", "new-ipv4"}
    for family in ("ipv4", "ipv6"):
        assert set(probes(HttpService(), in_cluster(context, family))) == {"new", "reused"}


def test_a_service_asks_for_both_families_only_where_there_are_two(
    api: FakeApi, context: DeployContext
) -> None:
    for families, policy in ((("ipv6",), None), (("ipv4", "ipv6"), "PreferDualStack")):
        HttpEdge().deploy(in_cluster(context, *families))
        for name in ("web", "edge"):
            assert spec_of(api, "services", name).get("ipFamilyPolicy") == policy
    assert spec_of(api, "services", "edge")["internalTrafficPolicy"] == "Local"


@pytest.mark.parametrize(
    ("families", "bind"),
    [
        (("ipv4",), "[$(POD_IP)]:8080"),
        (("ipv6",), "[$(POD_IP)]:8080"),
        (("ipv4", "ipv6"), "[::]:8080"),
    ],
)
def test_the_web_server_listens_on_every_address_of_its_pod(
    api: FakeApi, context: DeployContext, families: tuple[str, ...], bind: str
) -> None:
    HttpService().deploy(in_cluster(context, *families))
    (container,) = spec_of(api, "deployments", "web")["template"]["spec"]["containers"]
    assert f"--bind={bind}" in container["command"]


@pytest.mark.parametrize(
    "servers",
    [
        [("8080", f"http://{V4}:80")],
        [("[::]:8080", f"http://[{V6}]:80")],
        [("8080", f"http://{V4}:80"), ("[::]:8080", f"http://[{V6}]:80")],
    ],
)
def test_the_edge_listens_in_the_family_of_each_backend(
    servers: list[tuple[str, str]],
) -> None:
    first, *others = (upstream for _, upstream in servers)
    conf = nginx_conf(first, 2.5, *others)
    listens = re.findall(r"listen (.*);", conf)
    passes = re.findall(r"proxy_pass (.*);", conf)
    assert list(zip(listens, passes, strict=True)) == servers
    assert conf.count("{") == conf.count("}")
    assert conf.count("proxy_next_upstream off;") == len(servers)


def test_the_edge_passes_a_request_on_in_its_family(api: FakeApi, context: DeployContext) -> None:
    seen = probes(HttpEdge(rate_hz=40), context)
    assert {name: one.settings["url"] for name, one in seen.items()} == {
        "new": f"http://{V4}:80/",
        "new-ipv6": f"http://[{V6}]:80/",
    }
    maps = api.objects["/api/v1/namespaces/upgrade-e2e/configmaps/edge"]
    assert maps["data"]["nginx.conf"] == nginx_conf(f"http://{V4}:80", 2.0, f"http://[{V6}]:80")


def asked(observer: DnsLookups, context: DeployContext) -> dict[str, tuple[str, str, float]]:
    """What is asked for and expected of each record type, and how often a second."""
    seen = probes(observer, context)
    return {
        name: (
            seen[name].settings["qtype"],
            seen[name].settings["expect"],
            round(1 / seen[name].interval_s),
        )
        for name in ("a", "aaaa")
    }


@pytest.mark.parametrize(
    ("families", "a", "aaaa"),
    [
        (("ipv4",), ("A", "answer", 20), ("AAAA", "noerror", 4)),
        (("ipv6",), ("A", "noerror", 4), ("AAAA", "answer", 20)),
        (("ipv4", "ipv6"), ("A", "answer", 20), ("AAAA", "noerror", 4)),
        (("ipv6", "ipv4"), ("A", "noerror", 4), ("AAAA", "answer", 20)),
    ],
)
def test_the_record_of_the_clusters_primary_family_is_what_lookups_expect(
    context: DeployContext, families: tuple[str, ...], a: object, aaaa: object
) -> None:
    """The Service of the API server has one family also in a cluster of two."""
    lookups = DnsLookups(rate_hz=20, side_hz=4)
    assert asked(lookups, in_cluster(context, *families)) == {"a": a, "aaaa": aaaa}


@pytest.mark.parametrize(
    ("families", "a", "aaaa"),
    [
        (["IPv4", "IPv6"], ("A", "answer", 20), ("AAAA", "answer", 4)),
        (["IPv6"], ("A", "noerror", 4), ("AAAA", "answer", 20)),
        (None, ("A", "answer", 20), ("AAAA", "noerror", 4)),
    ],
)
def test_of_another_service_its_own_families_are_expected(
    api: FakeApi, context: DeployContext, families: list[str] | None, a: object, aaaa: object
) -> None:
    """One that is not there yet is taken to have the cluster's primary family."""
    if families:
        api.put(
            f"{SERVICES}/cart", {"metadata": {"name": "cart"}, "spec": {"ipFamilies": families}}
        )
    lookups = DnsLookups("cart.shop", rate_hz=20, side_hz=4)
    assert asked(lookups, context) == {"a": a, "aaaa": aaaa}


@pytest.mark.parametrize(("family", "qtype"), [("ipv4", "A"), ("ipv6", "AAAA")])
def test_one_stream_of_lookups_keeps_its_socket(
    context: DeployContext, family: str, qtype: str
) -> None:
    seen = probes(DnsLookups(), in_cluster(context, family))
    kept = seen.pop("reused")
    assert kept.connection is Connection.REUSED
    assert kept.spec("dns")["connection"] == "reused"
    assert kept.settings == seen[qtype.lower()].settings
    assert {probe.connection for probe in seen.values()} == {Connection.NEW}


def test_the_domain_is_the_clusters_unless_the_user_gives_one(context: DeployContext) -> None:
    there = in_cluster(context, domain="corp.test")
    for lookups, domain in (
        (DnsLookups(), "corp.test"),
        (DnsLookups(cluster_domain="other.test"), "other.test"),
        (DnsLookups(cluster_domain="cluster.local"), "cluster.local"),
    ):
        seen = probes(lookups, there)
        for name in ("a", "aaaa"):
            assert seen[name].settings["qname"] == f"kubernetes.default.svc.{domain}."
        assert seen["nxdomain"].settings["qname"] == f"absent.upgrade-e2e.svc.{domain}."
        assert seen["search"].settings["qname"] == "kubernetes.default"


def test_a_domain_of_the_cluster_that_makes_the_name_too_long_is_refused(
    context: DeployContext,
) -> None:
    long = ".".join(itertools.repeat("d" * 60, 4))
    with pytest.raises(BadInput, match="the whole name that DnsLookups looks up"):
        DnsLookups().deploy(in_cluster(context, domain=long))


def test_what_scenarios_wrote_before_is_written_as_before() -> None:
    assert as_written(DnsLookups(rate_hz=20)) == "DnsLookups(rate_hz=20)"
    assert "cluster_domain='k8s'" in as_written(DnsLookups(cluster_domain="k8s"))
