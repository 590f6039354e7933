"""A broken claim says why in its own words, without pytest's."""

from __future__ import annotations

import pytest

from pytest_upgrade_e2e.rulings import rule
from upgrade_e2e.judge import Verdict


def explained(message):
    """The explanation of a claim that broke with this message."""

    def check():
        raise AssertionError(message)

    call = pytest.CallInfo.from_call(check, when="call")
    ruling = rule(call, "shown", "")
    assert ruling.verdict is Verdict.FAIL
    return ruling.explanation


@pytest.mark.parametrize(
    ("added", "said"),
    [
        (
            "0.33154362416 <= 0.001\n"
            " +  where 0.33154362416 = <dns: 12 streams>.failure_ratio\n"
            " +  and   0.001 = DnsLimits(failure_ratio=0.001).failure_ratio",
            "failure ratio is 33.2% and may be at most 0.1%",
        ),
        (
            "2.345 <= 1.5\n +  where 2.345 = <dns: 12 streams>.p99_s",
            "p99 is 2.35 s and may be at most 1.5 s",
        ),
        (
            "0.351 <= 0.01\n +  where 0.351 = <web: 3 streams>.failures_per_s",
            "failures per second is 0.351 and may be at most 0.01",
        ),
        (
            ">=2.03 <= 0.1\n +  where >=2.03 = <x>.p99_s",
            "p99 is at least 2.03 s and may be at most 100 ms",
        ),
        (
            "0.98 >= 0.999\n +  where 0.98 = x.availability",
            "availability is 98% and must be at least",
        ),
        ("3 == 0\n +  where 3 = <web: 1 streams>.failures", "failures must be 0"),
        (
            "np.float64(0.196608) <= 0.15\n +  where 0.15 = EtcdLimits(a=1).round_trip_p99_s",
            "round trip p99 is 197 ms and may be at most 150 ms",
        ),
        ("3 < 2", "the figure must be less than 2"),
    ],
)
def test_of_what_pytest_adds_only_the_bound_stays(added, said):
    whole = explained(f"dns: 1 of 3 failed.\n  1. at 3 s\nassert {added}")
    first, second = whole.splitlines()
    assert first.startswith(f"dns: 1 of 3 failed; {said}")
    assert second == "  1. at 3 s"


def test_a_figure_that_was_said_is_not_said_again():
    said = explained(
        "dns: 1 of 3 probes failed (33.2%)\nassert 0.332 <= 0.001\n"
        " +  where 0.332 = <dns: 12 streams>.failure_ratio"
    )
    assert said == "dns: 1 of 3 probes failed (33.2%); failure ratio may be at most 0.1%"


@pytest.mark.parametrize(
    ("value", "name", "shown"),
    [
        (6.82, "p95_s", "p95 is 6.82 s"),
        (4.47, "max_s", "max is 4.47 s"),
        (0.923, "p50_s", "p50 is 923 ms"),
        (20.6, "p99_s", "p99 is 20.6 s"),
        (9.3, "longest_silence_s", "longest silence is 9.3 s"),
        (0.44, "bad_share", "bad share is 44%"),
    ],
)
def test_a_figure_of_the_lines_below_is_named_in_the_first(value, name, shown):
    """Without it, the first line of a claim about latency reads like one that holds."""
    below = "  latency: p50 923 ms, p95 6.82 s, p99 20.6 s, longest 4.47 s; silence 9.3 s (44%)"
    first, *_ = explained(
        f"churn: 0 of 348 probes failed (0%)\n{below}\nassert {value} <= 0.05\n"
        f" +  where {value} = <churn: 3 streams>.{name}"
    ).splitlines()
    assert first.startswith(f"churn: 0 of 348 probes failed (0%); {shown} and may be at most 5")


@pytest.mark.parametrize("first", ["for 1 min 5 s", "for 15 s", "for 5 seconds", "for 2.5 s"])
def test_a_part_of_another_figure_does_not_count_as_said(first):
    said = explained(f"dns {first}\nassert 5.0 <= 1.0\n +  where 5.0 = x.p99_s")
    assert said == f"dns {first}; p99 is 5 s and may be at most 1 s"


@pytest.mark.parametrize("added", ["not ('a is at v1',)", "FailedStep('drain') is None"])
def test_reprs_are_left_out(added):
    assert explained(f"a is at v1\nassert {added}\n +  where it = x") == "a is at v1"


def test_without_words_of_its_own_the_comparison_is_all_there_is():
    assert explained("assert 3 <= 2") == "assert 3 <= 2"
