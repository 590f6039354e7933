"""The arguments of kubectl drain that a user may give."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.drain_order import USUAL_ARGUMENTS, DrainOrder
from upgrade_e2e.providers.kind.settings import KindSettings


def test_without_arguments_the_usual_ones_are_given():
    order = DrainOrder.of((), 300)
    assert order.argv == (*USUAL_ARGUMENTS, "--timeout=300s")
    assert order.heeds_budgets


@pytest.mark.parametrize(
    ("given", "argv"),
    [
        (("--ignore-daemonsets",), ("--ignore-daemonsets", "--timeout=300s")),
        (
            ("--grace-period", "5", "--force=true"),
            ("--grace-period", "5", "--force=true", "--timeout=300s"),
        ),
        (("--pod-selector=app!=x", "-v", "4"), ("--pod-selector=app!=x", "-v", "4")),
        (("--no-such-flag", "x"), ("--no-such-flag", "x")),
        (("--force", "--timeout=10m"), ("--force", "--timeout=600s")),
        (("--timeout", "1h30m", "--force"), ("--force", "--timeout=5400s")),
    ],
)
def test_the_users_arguments_replace_them_and_the_limit_is_added(given, argv):
    assert DrainOrder.of(given, 300).argv[: len(argv)] == argv


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("dev-worker",), "kubectl reads as a node"),
        (("--force", "dev-worker"), "kubectl reads as a node"),
        (("--grace-period", "5", "dev-worker"), "kubectl reads as a node"),
        (("--grace-period=5", "dev-worker"), "kubectl reads as a node"),
        (("--", "dev-worker"), "reads nodes"),
        (("--selector=a=b",), "which selects nodes"),
        (("-l", "a=b"), "which selects nodes"),
        (("-la=b",), "which selects nodes"),
        (("--dry-run=client",), "nothing is drained"),
        (("--dry-run",), "nothing is drained"),
        (("--help",), "drains nothing"),
        (("--context", "other"), "another cluster"),
        (("--timeout=5m", "--timeout", "6m"), "give one of them"),
        (("--timeout=0",), "write a duration from 1s"),
        (("--timeout=0s",), "write a duration from 1s"),
        (("--timeout=soon",), "write a duration from 1s"),
        (("--timeout",), "write a duration from 1s"),
    ],
)
def test_arguments_that_cannot_be_are_refused(given, said):
    with pytest.raises(BadInput, match=said):
        DrainOrder.of(given, 300)


def test_two_limits_of_the_drain_are_refused():
    with pytest.raises(BadInput, match="give one of them"):
        DrainOrder.of(("--timeout=10m",), 900)


def test_a_drain_without_evictions_heeds_no_budget():
    assert not DrainOrder.of(("--disable-eviction",), 300).heeds_budgets


@pytest.mark.parametrize("option", ["drain_timeout_s", "step_timeout_s"])
@pytest.mark.parametrize("seconds", [0, -1, 0.5, math.nan, math.inf, 86_401, 1e12])
def test_times_that_cannot_be_are_refused(option, seconds):
    with pytest.raises(BadInput, match="write seconds from 1 to 86400"):
        KindSettings(workdir=Path("w"), **{option: seconds})
