"""From what probers scraped to readings on the timeline."""

from __future__ import annotations

from typing import Any

import numpy as np

from upgrade_e2e.agent.layout import OUTCOMES
from upgrade_e2e.observers.clock import ClockOffset
from upgrade_e2e.observers.readings import to_readings
from upgrade_e2e.observers.spool import READING, RECORD, Segment
from upgrade_e2e.timeline import Window

FACTS: dict[str, Any] = {"observer": "etcd", "name": "scrape"}
SERIES = (("leader", {}), ("bucket", {"le": "1"}))
WINDOW = Window(0.0, 100.0)


def segment(
    *rows: tuple[int, float, int], node: str = "cp", boot: str = "b", observer: str = "etcd"
) -> Segment:
    """What a prober kept of one scrape in one boot."""
    key = f"{observer}.scrape"
    return Segment(
        node=node,
        boot_id=boot,
        streams=({**FACTS, "observer": observer},),
        outcomes=OUTCOMES,
        backends=("",),
        records={key: np.empty(0, RECORD)},
        series={key: SERIES},
        readings={key: np.array(list(rows), READING)},
    )


def clocks(**zeros: int) -> dict[tuple[str, str], ClockOffset]:
    """The clock of the node `cp` in each boot."""
    return {
        ("cp", boot): ClockOffset(boot, zero, 0.0, zero, 0.0, shared=True)
        for boot, zero in zeros.items()
    }


def test_values_of_one_series_from_two_boots_are_one_series() -> None:
    one = segment((1_000_005, 1.0, 0), (1_000_005, 7.0, 1), (2_000_005, 2.0, 0))
    two = segment((100, 3.0, 0), boot="again")
    found = to_readings("etcd", [two, one], clocks(b=5, again=-3_000_000), WINDOW)
    (leader,) = found.of("leader")
    assert leader.at_us.tolist() == [1_000_000, 2_000_000, 3_000_100]
    assert leader.value.tolist() == [1.0, 2.0, 3.0]
    assert (leader.node, leader.stream) == ("cp", "scrape")
    assert [one.value.tolist() for one in found.of("bucket", le="1")] == [[7.0]]


def test_what_cannot_be_placed_or_is_of_others_is_left_out() -> None:
    some = [segment((1, 1.0, 0), boot="no-clock"), segment((1, 1.0, 0), observer="kubelet")]
    assert to_readings("etcd", some, clocks(b=0), WINDOW).series == ()


def test_what_was_read_outside_of_the_window_is_left_out() -> None:
    found = to_readings("etcd", [segment((5, 1.0, 0), (15, 2.0, 0))], clocks(b=0), Window(1e-5, 1))
    assert found.of("leader")[0].value.tolist() == [2.0]
