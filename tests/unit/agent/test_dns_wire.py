"""DNS as bytes: queries, replies, and the walk along the search path."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.agent.dns import candidates
from upgrade_e2e.agent.dnswire import QTYPES, pack_query, read_reply
from upgrade_e2e.agent.failures import BadAnswer

LABELS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20)
NAMES = st.lists(LABELS, min_size=1, max_size=6).map(".".join)
IDENTS = st.integers(0, 0xFFFF)
TYPES = st.sampled_from(sorted(QTYPES.items()))


def unpack_name(data: bytes, at: int) -> tuple[str, int]:
    """Read a name without pointers: an independent reader for what pack_query wrote."""
    labels = []
    while length := data[at]:
        labels.append(data[at + 1 : at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels), at + 1


def reply_to(query: bytes, rcode: int, records: list[tuple[int, bytes]]) -> bytes:
    """A reply as a server builds it: the question, then records that point at its name."""
    head = query[:2] + struct.pack(">HHHHH", 0x8180 | rcode, 1, len(records), 0, 0)
    coded = [struct.pack(">HHHIH", 0xC00C, kind, 1, 30, len(data)) + data for kind, data in records]
    return head + query[12:] + b"".join(coded)


@given(ident=IDENTS, name=NAMES, kind=TYPES, dot=st.sampled_from(["", "."]))
def test_a_query_holds_what_was_asked(
    ident: int, name: str, kind: tuple[str, int], dot: str
) -> None:
    query = pack_query(ident, name + dot, kind[1])
    head = struct.unpack_from(">HHHHHH", query)
    found, end = unpack_name(query, 12)
    assert head == (ident, 0x0100, 1, 0, 0, 0)
    assert (found, struct.unpack_from(">HH", query, end)) == (name, (kind[1], 1))
    assert len(query) == end + 4


RECORDS = st.lists(
    st.one_of(
        st.tuples(st.just(1), st.binary(min_size=4, max_size=4)),
        st.tuples(st.just(28), st.binary(min_size=16, max_size=16)),
        st.tuples(st.just(5), st.binary(min_size=2, max_size=9)),
    ),
    max_size=8,
)


@given(ident=IDENTS, name=NAMES, kind=TYPES, rcode=st.integers(0, 5), records=RECORDS)
def test_a_reply_is_read(
    ident: int, name: str, kind: tuple[str, int], rcode: int, records: list[tuple[int, bytes]]
) -> None:
    query = pack_query(ident, name, kind[1])
    wanted = sum(1 for number, _ in records if number == kind[1])
    assert read_reply(reply_to(query, rcode, records), query) == (rcode, wanted)


@given(name=NAMES, records=RECORDS.filter(bool), data=st.data())
def test_a_reply_that_was_cut_is_a_bad_answer(
    name: str, records: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    query = pack_query(7, name, QTYPES["A"])
    whole = reply_to(query, 0, records)
    cut = data.draw(st.integers(2, len(whole) - 1))
    with pytest.raises(BadAnswer):
        read_reply(whole[:cut], query)


@given(name=NAMES, other=NAMES)
def test_a_reply_to_another_question_is_a_bad_answer(name: str, other: str) -> None:
    query = pack_query(7, name, QTYPES["A"])
    if name == other:
        return
    with pytest.raises(BadAnswer):
        read_reply(reply_to(pack_query(7, other, QTYPES["A"]), 0, []), query)


def test_a_late_reply_to_an_earlier_query_is_passed_over() -> None:
    query = pack_query(7, "a.b", QTYPES["A"])
    assert read_reply(reply_to(pack_query(8, "a.b", QTYPES["A"]), 0, []), query) is None


@pytest.mark.parametrize("name", ["", ".", "a" * 64 + ".b"])
def test_a_name_that_dns_cannot_carry_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name that DNS can carry"):
        pack_query(1, name, 1)


SEARCH = st.lists(NAMES, max_size=4)


@given(name=NAMES, search=SEARCH, ndots=st.integers(0, 7))
def test_the_walk_asks_each_domain_once_and_the_name_itself(
    name: str, search: list[str], ndots: int
) -> None:
    walk = candidates(name, search, ndots)
    as_it_is = walk.index(name)
    assert sorted(walk) == sorted([name, *(f"{name}.{domain}" for domain in search)])
    assert as_it_is == (0 if name.count(".") >= ndots else len(search))
    rest = [other for other in walk if other != name]
    assert rest == [f"{name}.{domain}" for domain in search]


@given(name=NAMES, search=SEARCH, ndots=st.integers(0, 7))
def test_a_name_with_a_final_dot_is_not_searched(name: str, search: list[str], ndots: int) -> None:
    assert candidates(f"{name}.", search, ndots) == [name]
