"""Clients that keep their connection have a silence of their own."""

from __future__ import annotations

import numpy as np
import pytest

from upgrade_e2e.judge import Limits, Views
from upgrade_e2e.report import observer_results
from upgrade_e2e.timeline import (
    Connection,
    Outcome,
    SamplesBuilder,
    Stream,
    Timeline,
    Window,
)

COUNT, INTERVAL_S = 1000, 0.01


def result(**silent):
    """The figures of streams of these kinds of connection; of each, so many probes failed."""
    builder = SamplesBuilder()
    for name, failed in silent.items():
        connection = Connection[name.upper()]
        stream = Stream(f"{name}@worker", "worker", "dns", INTERVAL_S, 2.0, connection=connection)
        index = builder.add_stream(stream)
        for number in range(COUNT):
            builder.add(
                index,
                intended_us=round(number * INTERVAL_S * 1e6),
                latency_us=1000,
                outcome=Outcome.REFUSED if 100 <= number < 100 + failed else Outcome.OK,
            )
    timeline = Timeline(Window(0.0, COUNT * INTERVAL_S), (), {"dns": builder.build()})
    (made,) = observer_results(Views(timeline, Limits.default()))
    return made


def test_a_kept_connection_is_apart_from_the_others():
    both = result(new=11, reused=201)
    assert both.longest_silence_s == pytest.approx(0.1)
    assert both.kept_silence_s == pytest.approx(2.0)
    assert both.failures == 212


def test_an_observer_has_what_it_watched():
    assert result(new=11).kept_silence_s is None
    only_kept = result(reused=201)
    assert only_kept.kept_silence_s == pytest.approx(2.0)
    assert only_kept.longest_silence_s is None


def test_streams_of_neither_kind_count_as_the_others():
    made = result(none=11)
    assert made.longest_silence_s == pytest.approx(0.1)
    assert np.isfinite(made.longest_silence_s)
    assert made.kept_silence_s is None
