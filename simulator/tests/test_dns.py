"""DNS messages, the cluster's names, the Corefile."""

from __future__ import annotations

import socket
import struct

import pytest
from dns.rcode import NOERROR, NXDOMAIN
from dns.rdatatype import AAAA, A
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e_simulator.pod.coredns import Corefile, answer_to
from upgrade_e2e_simulator.pod.zone import Zone

LABELS = st.lists(st.text("abcdefghij-0123456789", min_size=1, max_size=12), min_size=1, max_size=6)


def query(name, qtype=A, ident=7):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part)
    return (
        struct.pack("!6H", ident, 0x0100, 1, 0, 0, 0)
        + labels
        + b"\0"
        + struct.pack("!2H", qtype, 1)
    )


def records(answer, asked):
    """Response code and addresses of an answer to `asked`."""
    ident, flags, questions, count, *_ = struct.unpack_from("!6H", answer)
    assert ident == struct.unpack_from("!H", asked)[0]
    assert flags & 0x8000
    assert questions == 1
    assert answer[12 : len(asked)] == asked[12:]
    at, found = len(asked), []
    for _ in range(count):
        _, kind, _, _, length = struct.unpack_from("!HHHIH", answer, at)
        assert kind == A
        found.append(socket.inet_ntoa(answer[at + 12 : at + 12 + length]))
        at += 12 + length
    assert at == len(answer)
    return flags & 0xF, found


@given(LABELS, st.sampled_from([A, AAAA]), st.integers(0, 65535))
def test_a_question_is_answered_as_it_was_asked(labels, qtype, ident):
    asked = query(".".join(labels), qtype, ident)
    assert records(answer_to(asked, Zone()), asked) == (NXDOMAIN, [])


@given(st.binary(max_size=60))
def test_noise_is_refused_or_answered_but_never_a_crash(packet):
    answer_to(packet, Zone())


def test_an_answer_is_not_taken_for_a_question(zone):
    assert answer_to(answer_to(query("a.b"), zone), zone) is None


def service(name, address, namespace="shop"):
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"clusterIP": address}}


def endpoints(owner, *ready, namespace="shop"):
    return {
        "metadata": {
            "name": f"{owner}-abc",
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": owner},
        },
        "endpoints": [
            {"addresses": [address], "conditions": {"ready": held}} for address, held in ready
        ],
    }


@pytest.fixture
def zone():
    found = Zone()
    found.put_service(service("web", "127.9.16.70"))
    found.put_service(service("db", "None"))
    found.put_slice(endpoints("db", ("127.9.33.2", True), ("127.9.33.3", False)))
    return found


@pytest.mark.parametrize(
    ("name", "qtype", "code", "addresses"),
    [
        ("web.shop.svc.cluster.local", A, NOERROR, ["127.9.16.70"]),
        ("WEB.shop.svc.cluster.local", A, NOERROR, ["127.9.16.70"]),
        ("web.shop.svc.cluster.local", AAAA, NOERROR, []),
        ("db.shop.svc.cluster.local", A, NOERROR, ["127.9.33.2"]),
        ("127-9-33-2.shop.pod.cluster.local", A, NOERROR, ["127.9.33.2"]),
        ("none.shop.svc.cluster.local", A, NXDOMAIN, []),
        ("web.other.svc.cluster.local", A, NXDOMAIN, []),
        ("web.shop.svc.cluster.local.shop.svc.cluster.local", A, NXDOMAIN, []),
        ("shop.svc.cluster.local", A, NOERROR, []),
        ("cluster.local", A, NOERROR, []),
        ("example.com", A, NXDOMAIN, []),
    ],
)
def test_names_of_the_cluster(zone, name, qtype, code, addresses):
    asked = query(name, qtype)
    assert records(answer_to(asked, zone), asked) == (code, addresses)


def test_what_is_gone_is_no_longer_a_name(zone):
    zone.drop_service(service("web", ""))
    asked = query("web.shop.svc.cluster.local")
    assert records(answer_to(asked, zone), asked) == (NXDOMAIN, [])
    zone.drop_slice(endpoints("db"))
    asked = query("db.shop.svc.cluster.local")
    assert records(answer_to(asked, zone), asked) == (NOERROR, [])


def test_what_is_no_query_gets_no_answer(zone):
    assert answer_to(b"noise", zone) is None


def test_a_corefile_is_read():
    text = ".:1053 {\n health {\n lameduck 7s\n }\n kubernetes my.domain in-addr.arpa {\n }\n}\n"
    read = Corefile.parse(text)
    assert (read.port, read.lameduck_s, read.domain) == (1053, 7.0, "my.domain")


@pytest.mark.parametrize(("said", "seconds"), [("300ms", 0.3), ("5s", 5.0), ("1m", 60.0)])
def test_lameduck_has_units(said, seconds):
    assert Corefile.parse(f".:53 {{\n health {{ lameduck {said} }}\n}}").lameduck_s == seconds


def test_without_lameduck_it_ends_at_once():
    assert Corefile.parse(".:53 {\n health {\n }\n}").lameduck_s == 0
