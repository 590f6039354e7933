"""The clock offset, measured against a prober whose clock is known."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.observers.clock import measure_offset, own_boot_id
from upgrade_e2e.timeline import Origin


@dataclass
class Prober:
    """A link whose far clock is `ahead_s` before ours; each way takes a while."""

    ahead_s: float
    boot_id: str
    there_s: float = 0.0
    back_s: float = 0.0
    node: str = "worker"

    def request(
        self, method: str, path: str, query: Sequence[tuple[str, str]] = (), timeout_s: float = 1
    ) -> bytes:
        assert (method, path, tuple(query)) == ("GET", "/clock", ())
        assert timeout_s > 0
        time.sleep(self.there_s)
        now_us = round((time.monotonic() + self.ahead_s) * 1e6)
        time.sleep(self.back_s)
        return json.dumps({"monotonic_us": now_us, "boot_id": self.boot_id}).encode()


@given(ahead_s=st.floats(-1e6, 1e6))
def test_the_true_offset_lies_within_the_error(ahead_s: float) -> None:
    origin = Origin()
    clock = measure_offset(Prober(ahead_s, "another"), origin, rounds=3)
    true_us = (origin.monotonic_s + ahead_s) * 1e6
    assert abs(clock.zero_us - true_us) <= clock.error_s * 1e6 + 2
    assert not clock.shared


def test_a_lopsided_way_is_covered_by_the_error() -> None:
    origin = Origin()
    clock = measure_offset(Prober(5.0, "another", there_s=0.02), origin, rounds=2)
    true_us = (origin.monotonic_s + 5.0) * 1e6
    assert clock.error_s >= 0.01
    assert abs(clock.zero_us - true_us) <= clock.error_s * 1e6 + 2


def test_one_kernel_has_one_clock() -> None:
    origin = Origin()
    clock = measure_offset(Prober(0.0, own_boot_id(), back_s=0.005), origin, rounds=2)
    assert clock.shared
    assert clock.zero_us == round(origin.monotonic_s * 1e6)
    assert clock.error_s == 0.0
    assert clock.measured_error_s >= 0.0025


def test_a_shared_boot_id_is_not_believed_when_the_clocks_differ() -> None:
    """A container may have a time namespace of its own."""
    clock = measure_offset(Prober(3600.0, own_boot_id()), Origin(), rounds=2)
    assert not clock.shared
    assert clock.error_s > 0
