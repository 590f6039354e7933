"""Protobuf bodies, packed here by hand as Go packs them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.providers.sim.api.protobuf import BadProtobuf, decode


def varint(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while True:
        byte = value & 0x7F
        value >>= 7
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def text(field, value):
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(data)) + data


def body(version, kind, raw):
    return b"k8s\x00" + text(1, text(1, version) + text(2, kind)) + text(2, raw)


def test_an_eviction_with_options():
    meta = text(1, "web-1") + text(3, "shop")
    raw = text(1, meta) + text(2, number(1, 0))
    assert decode(body("policy/v1", "Eviction", raw)) == {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "web-1", "namespace": "shop"},
        "deleteOptions": {"gracePeriodSeconds": 0},
    }


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4))
def test_maps_are_read(data):
    entries = b"".join(text(2, text(1, key) + text(2, value)) for key, value in data.items())
    read = decode(body("v1", "ConfigMap", entries))
    assert read.get("data", {}) == data


def test_what_go_writes_for_nothing_is_left_out():
    meta = text(1, "x") + text(2, "") + text(3, "") + text(8, b"")
    read = decode(body("v1", "ServiceAccount", text(1, meta)))
    assert read["metadata"] == {"name": "x"}


def test_zero_replicas_are_meant():
    read = decode(body("apps/v1", "Deployment", text(2, number(1, 0))))
    assert read["spec"] == {"replicas": 0}


@given(st.binary(max_size=40))
def test_noise_is_refused_or_read_but_never_a_crash(noise):
    for data in (noise, b"k8s\x00" + noise):
        try:
            decode(data)
        except BadProtobuf:
            continue


def test_a_body_that_is_cut_off_is_refused():
    whole = body("v1", "ConfigMap", text(2, text(1, "a") + text(2, "b")))
    with pytest.raises(BadProtobuf):
        decode(whole[:-1])
    with pytest.raises(BadProtobuf):
        decode(body("v1", "Unheard", b""))
