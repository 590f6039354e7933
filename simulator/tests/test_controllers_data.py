"""Small rules of controllers: rounding, placement, hashes, token buckets, durations for people."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e_simulator.controllers.placement import fits, tolerates_all
from upgrade_e2e_simulator.controllers.pods import rounded, template_hash
from upgrade_e2e_simulator.kubectl.column import human_duration
from upgrade_e2e_simulator.node.limits import TokenBucket
from upgrade_e2e_simulator.parameters import KubeletParameters


@pytest.mark.parametrize(
    ("value", "total", "up", "down"),
    [("25%", 3, 1, 0), ("25%", 4, 1, 1), ("50%", 3, 2, 1), (2, 10, 2, 2), (None, 5, 0, 0)],
)
def test_percentages_round_to_the_safe_side(value, total, up, down):
    assert (rounded(value, total, up=True), rounded(value, total, up=False)) == (up, down)


@given(st.integers(0, 100), st.integers(0, 1000))
def test_rounding_brackets_the_exact_share(percent, total):
    exact = total * percent / 100
    low, high = rounded(f"{percent}%", total, up=False), rounded(f"{percent}%", total, up=True)
    assert low <= exact <= high
    assert high - low <= 1


def node(**spec):
    return {"metadata": {"name": "n1", "labels": {"zone": "a", "disk": "ssd"}}, "spec": spec}


TAINT = {"key": "role", "value": "db", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("tolerations", "tolerated"),
    [
        ([], False),
        ([{"operator": "Exists"}], True),
        ([{"key": "role", "operator": "Exists"}], True),
        ([{"key": "role", "value": "db"}], True),
        ([{"key": "role", "value": "web"}], False),
        ([{"key": "role", "operator": "Exists", "effect": "NoExecute"}], False),
        ([{"key": "other", "operator": "Exists"}], False),
    ],
)
def test_taints_and_tolerations(tolerations, tolerated):
    assert tolerates_all({"tolerations": tolerations}, node(taints=[TAINT])) is tolerated


def required(*expressions, key="matchExpressions"):
    terms = [{key: list(expressions)}]
    affinity = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {"affinity": {"nodeAffinity": affinity}}


@pytest.mark.parametrize(
    ("spec", "held"),
    [
        ({}, True),
        ({"nodeSelector": {"zone": "a"}}, True),
        ({"nodeSelector": {"zone": "b"}}, False),
        (required({"key": "disk", "operator": "In", "values": ["ssd"]}), True),
        (required({"key": "disk", "operator": "DoesNotExist"}), False),
        (
            required(
                {"key": "metadata.name", "operator": "In", "values": ["n1"]}, key="matchFields"
            ),
            True,
        ),
        (
            required(
                {"key": "metadata.name", "operator": "In", "values": ["n2"]}, key="matchFields"
            ),
            False,
        ),
    ],
)
def test_selectors_and_affinity(spec, held):
    assert fits(spec, node()) is held


def test_templates_are_told_apart_by_their_content_alone():
    one = {"metadata": {"labels": {"a": "1"}}, "spec": {"containers": [{"image": "x"}]}}
    same = {"spec": {"containers": [{"image": "x"}]}, "metadata": {"labels": {"a": "1"}}}
    other = {**one, "spec": {"containers": [{"image": "y"}]}}
    assert template_hash(one) == template_hash(same) != template_hash(other)


def test_a_bucket_lets_a_burst_through_and_then_keeps_its_rate():
    async def take(count):
        bucket = TokenBucket(KubeletParameters(qps=200, burst=10))
        began = time.monotonic()
        for _ in range(count):
            await bucket.take()
        return time.monotonic() - began

    assert asyncio.run(take(50)) >= (50 - 10) / 200 * 0.95


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (187, "3m7s"),
        (660, "11m"),
        (18720, "5h12m"),
        (3600 * 30, "30h"),
        (86400 * 3 + 3600, "3d1h"),
        (86400 * 10, "10d"),
    ],
)
def test_durations_for_people(seconds, shown):
    assert human_duration(seconds) == shown
