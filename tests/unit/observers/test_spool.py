"""From a prober's records to samples on the timeline."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.agent.layout import OUTCOMES
from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.observers.clock import ClockOffset
from upgrade_e2e.observers.spool import RECORD, Segment, read_segment, to_samples
from upgrade_e2e.timeline import Connection, Outcome, SamplesBuilder, Window

FACTS = {
    "observer": "web",
    "name": "new",
    "target": "http://x/",
    "interval_s": 0.01,
    "timeout_s": 2.0,
    "connection": "new",
}
WINDOW = Window(10.0, 20.0)


def clock(zero_us: int, error_s: float = 0.0) -> ClockOffset:
    return ClockOffset("boot", zero_us, error_s, zero_us, error_s, shared=False)


def segment(records: list[tuple[int, ...]], **changes: object) -> Segment:
    """What a prober on `worker` kept of one stream."""
    facts = {
        "node": "worker",
        "boot_id": "boot",
        "streams": (FACTS,),
        "outcomes": OUTCOMES,
        "backends": ("", "web-1", "web-2"),
        "records": {"web.new": np.array(records, RECORD)},
        **changes,
    }
    return Segment(**facts)


RECORDS = st.lists(
    st.tuples(
        st.integers(0, 40_000_000),
        st.integers(0, 10**6),
        st.integers(0, 10**7),
        st.integers(0, len(OUTCOMES) - 1),
        st.just(0),
        st.integers(0, 599),
        st.integers(0, 2),
        st.just(0),
    ),
    max_size=30,
)


@given(records=RECORDS, zero_us=st.integers(-(10**15), 10**15))
def test_records_inside_the_window_become_samples(
    records: list[tuple[int, ...]], zero_us: int
) -> None:
    shifted = [(zero_us + intended, *rest) for intended, *rest in records]
    clocks = {("worker", "boot"): clock(zero_us)}
    seen = to_samples("web", [segment(shifted)], clocks, window=WINDOW, builder=SamplesBuilder())
    inside = sorted(r for r in records if 10_000_000 <= r[0] <= 20_000_000)
    found = sorted(
        zip(
            seen.intended_us.tolist(),
            seen.lateness_us.tolist(),
            seen.latency_us.tolist(),
            [Outcome(int(one)).label for one in seen.outcome],
            seen.code.tolist(),
            [seen.backends[index] for index in seen.backend],
            strict=True,
        )
    )
    backends = ("", "web-1", "web-2")
    assert found == sorted((r[0], r[1], r[2], OUTCOMES[r[3]], r[5], backends[r[6]]) for r in inside)


def test_a_stream_keeps_its_facts() -> None:
    clocks = {("worker", "boot"): clock(0, error_s=0.004)}
    seen = to_samples("web", [segment([])], clocks, window=WINDOW, builder=SamplesBuilder())
    (stream,) = seen.streams
    assert (stream.name, stream.node, stream.connection) == ("new@worker", "worker", Connection.NEW)
    assert (stream.interval_s, stream.timeout_s, stream.clock_error_s) == (0.01, 2.0, 0.004)


def test_labels_are_mapped_by_name_and_not_by_number() -> None:
    one = (15_000_000, 0, 0, 1, 0, 0, 0, 0)
    other = segment([one], outcomes=("timeout", "a-label-of-another-version"))
    clocks = {("worker", "boot"): clock(0)}
    seen = to_samples("web", [other], clocks, window=WINDOW, builder=SamplesBuilder())
    assert seen.outcome.tolist() == [Outcome.OTHER]


def test_backends_of_several_probers_get_one_table() -> None:
    one = (15_000_000, 0, 0, 0, 0, 200, 1, 0)
    segments = [
        segment([one], node="a", backends=("", "web-2")),
        segment([one], node="b", backends=("", "web-1")),
    ]
    clocks = {("a", "boot"): clock(0), ("b", "boot"): clock(0)}
    seen = to_samples("web", segments, clocks, window=WINDOW, builder=SamplesBuilder())
    assert [seen.backends[index] for index in seen.backend] == ["web-2", "web-1"]


def test_two_boots_of_a_node_are_one_stream_each_on_its_own_clock() -> None:
    before, after = (15_000_000, 0, 0, 0, 0, 0, 0, 0), (1_000_000, 0, 0, 0, 0, 0, 0, 0)
    segments = [segment([before]), segment([after], boot_id="next")]
    clocks = {("worker", "boot"): clock(0), ("worker", "next"): clock(-17_000_000)}
    seen = to_samples("web", segments, clocks, window=WINDOW, builder=SamplesBuilder())
    assert [stream.name for stream in seen.streams] == ["new@worker"]
    assert seen.intended_us.tolist() == [15_000_000, 18_000_000]


def test_a_segment_without_a_clock_counts_as_not_seen() -> None:
    one = segment([(15_000_000, 0, 0, 0, 0, 0, 0, 0)])
    seen = to_samples("web", [one], {}, window=WINDOW, builder=SamplesBuilder())
    assert [stream.name for stream in seen.streams] == ["new@worker"]
    assert len(seen) == 0


def test_streams_of_other_observers_are_left_out() -> None:
    one = segment([(15_000_000, 0, 0, 0, 0, 0, 0, 0)])
    clocks = {("worker", "boot"): clock(0)}
    seen = to_samples("dns", [one], clocks, window=WINDOW, builder=SamplesBuilder())
    assert seen.streams == ()


def test_a_spool_of_another_format_is_refused() -> None:
    with pytest.raises(DamagedRecord, match="has format 2"):
        read_segment("worker", {"meta.json": b'{"format": 2}'})
