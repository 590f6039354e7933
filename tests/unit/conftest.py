"""Waits that look more often than on a cluster: what is waited for here comes within moments."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import tenacity.nap

from upgrade_e2e import wait

_LONGEST_SLEEP_S = 0.05


def sleep(seconds: float) -> None:
    """Sleep, but not for long; deadlines stay as they are."""
    time.sleep(min(seconds, _LONGEST_SLEEP_S))


@pytest.fixture(scope="package", autouse=True)
def eager_waits() -> Iterator[None]:
    """Every `wait_for` without a clock of its own and every retry looks again soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wait, "Clock", lambda: EAGER)
        patch.setattr(tenacity.nap, "time", SimpleNamespace(sleep=sleep))
        yield


EAGER = wait.Clock(sleep=sleep)
