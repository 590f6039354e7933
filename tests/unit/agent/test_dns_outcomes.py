"""Each outcome of a DNS probe, and what a lookup along the search path costs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.agent.name_server import name_server
from tests.unit.agent.rig import Rig, answers_of, await_outcome, collect, free_port, sent_records
from upgrade_e2e.observers.spool import Segment

# name asked for, type, what is expected of the answer, the outcome
CASES = {
    "answer": ("fine.x", "A", "answer", "ok"),
    "no-data": ("nodata.x", "A", "answer", "bad-answer"),
    "aaaa-of-v4": ("fine.x", "AAAA", "noerror", "ok"),
    "aaaa-wanted": ("fine.x", "AAAA", "answer", "bad-answer"),
    "missing": ("nxdomain.x", "A", "answer", "nxdomain"),
    "absent": ("nxdomain.x", "A", "nxdomain", "ok"),
    "present": ("fine.x", "A", "nxdomain", "bad-answer"),
    "servfail": ("servfail.x", "A", "answer", "servfail"),
    "servfail-for-absent": ("servfail.x", "A", "nxdomain", "servfail"),
    "rejected": ("refused.x", "A", "answer", "dns-error"),
    "noise": ("noise.x", "A", "answer", "bad-answer"),
    "forged-first": ("forged.x", "A", "answer", "ok"),
    "silence": ("silence.x", "A", "answer", "timeout"),
}
TIMEOUTS = {"silence": 0.4}
RCODES = {"missing": 3, "absent": 3, "servfail": 2, "rejected": 5, "answer": 0}


def dns(port: int, name: str, **settings: Any) -> dict[str, Any]:
    """A stream of queries to a port of this machine."""
    facts = {"observer": "dns", "name": name, "kind": "dns", "interval_s": 0.05, "timeout_s": 10}
    return {**facts, "server": f"127.0.0.1:{port}", **settings}


@pytest.fixture(scope="module", params=["new", "reused"])
def segment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Segment]:
    """What one prober saw of all cases at once, over new sockets or over kept ones."""
    rig = Rig(tmp_path_factory.mktemp("dns"))
    with contextlib.closing(rig), name_server() as port:
        streams = [
            dns(
                port,
                case,
                qname=qname,
                qtype=qtype,
                expect=expect,
                timeout_s=TIMEOUTS.get(case, 10),
                connection=request.param,
            )
            for case, (qname, qtype, expect, _) in CASES.items()
        ]
        closed = dns(free_port(), "closed", qname="fine.x", connection=request.param)
        prober = rig.probe(*streams, closed)
        for case, (_, _, _, outcome) in CASES.items():
            await_outcome(prober, outcome, f"dns.{case}", count=3)
        await_outcome(prober, "refused", "dns.closed", count=3)
        yield collect(prober)


@pytest.mark.parametrize("case", CASES)
def test_a_reply_becomes_its_outcome(segment: Segment, case: str) -> None:
    assert answers_of(segment, f"dns.{case}") == {CASES[case][3]}


@pytest.mark.parametrize("case", RCODES)
def test_the_code_of_a_sample_is_the_response_code(segment: Segment, case: str) -> None:
    assert set(sent_records(segment, f"dns.{case}")["code"]) == {RCODES[case]}


def test_a_closed_udp_port_refuses(segment: Segment) -> None:
    assert answers_of(segment, "dns.closed") == {"refused"}


def test_a_timeout_lasts_as_long_as_it_is_allowed_to(segment: Segment) -> None:
    assert sent_records(segment, "dns.silence")["latency_us"].min() >= 400_000


SEARCH = ["ns.svc.cluster.local", "svc.cluster.local", "cluster.local"]
KNOWN = frozenset({"web.ns.svc.cluster.local", "web.other.svc.cluster.local", "example.org"})
# name, outcome, number of queries (A and AAAA of each name that is tried)
LOOKUPS = {
    "same-namespace": ("web", "ok", 2),
    "other-namespace": ("web.other", "ok", 4),
    "outside": ("example.org", "ok", 8),
    "full-name": ("example.org.", "ok", 2),
    "nowhere": ("nobody.home", "nxdomain", 8),
}


def test_a_lookup_costs_two_queries_for_each_name_it_tries(rig: Rig) -> None:
    with name_server(KNOWN) as port:
        streams = [
            dns(port, case, kind="dns-search", qname=name, search=SEARCH, ndots=5)
            for case, (name, _, _) in LOOKUPS.items()
        ]
        prober = rig.probe(*streams)
        for case, (_, outcome, _) in LOOKUPS.items():
            await_outcome(prober, outcome, f"dns.{case}", count=3)
        seen = collect(prober)
    for case, (_, outcome, cost) in LOOKUPS.items():
        assert answers_of(seen, f"dns.{case}") == {outcome}
        assert set(sent_records(seen, f"dns.{case}")["code"]) == {cost}


def test_a_lookup_ends_at_the_first_name_that_fails(rig: Rig) -> None:
    with name_server() as port:
        stream = dns(port, "walk", kind="dns-search", qname="servfail", search=SEARCH, ndots=5)
        prober = rig.probe(stream, dns(free_port(), "closed", kind="dns-search", qname="x"))
        await_outcome(prober, "servfail", "dns.walk", count=3)
        await_outcome(prober, "refused", "dns.closed", count=3)
        seen = collect(prober)
    assert set(sent_records(seen, "dns.walk")["code"]) == {2}
    assert answers_of(seen, "dns.walk") == {"servfail"}
