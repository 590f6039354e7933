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


def test_of_what_pytest_adds_only_the_comparison_stays():
    said = explained(
        "dns: 1 of 3 failed\n  1. at 3 s\nassert 0.33154362416 <= 0.001\n"
        " +  where 0.33154362416 = <dns: 12 streams>.failure_ratio\n"
        " +  and   0.001 = DnsLimits(failure_ratio=0.001).failure_ratio"
    )
    assert said == "dns: 1 of 3 failed\n  1. at 3 s\nnot so: 0.3315 <= 0.001"


@pytest.mark.parametrize("added", ["not ('a is at v1',)", "FailedStep('drain') is None"])
def test_reprs_are_left_out(added):
    assert explained(f"a is at v1\nassert {added}\n +  where it = x") == "a is at v1"


def test_without_words_of_its_own_the_comparison_is_all_there_is():
    assert explained("assert 3 <= 2") == "assert 3 <= 2"
