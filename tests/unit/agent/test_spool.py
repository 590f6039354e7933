"""The spool: what is written is what is read, across restarts and after a kill."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.agent.rig import (
    SOON,
    TOKEN,
    Rig,
    answers_of,
    await_outcome,
    collect,
    free_port,
    http,
    intended,
    outcomes,
)
from upgrade_e2e.agent import layout
from upgrade_e2e.agent.layout import OUTCOMES, Outcome
from upgrade_e2e.agent.spool import CHUNK, Spool
from upgrade_e2e.agent.streams import Stream
from upgrade_e2e.observers.link import LocalLink
from upgrade_e2e.observers.spool import RECORD, fetch_segments, read_segment
from upgrade_e2e.wait import wait_for

RECORDS = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1),
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**32 - 1),
        st.integers(0, len(OUTCOMES) - 1),
        st.integers(0, 255),
        st.integers(0, 2**16 - 1),
        st.integers(0, 2**16 - 1),
        st.just(0),
    )
)
META = {"format": 1, "boot_id": "b", "streams": [], "outcomes": OUTCOMES}


@given(records=RECORDS, half=st.integers(0, RECORD.itemsize - 1))
def test_what_the_agent_packs_is_what_the_collector_reads(
    records: list[tuple[int, ...]], half: int
) -> None:
    """A half record at the end, of a prober that was killed while writing, is left out."""
    data = b"".join(layout.RECORD.pack(*record) for record in records) + b"\xff" * half
    files = {"meta.json": json.dumps(META).encode(), "web.new.rec": data}
    segment = read_segment("node", files)
    assert [tuple(record) for record in segment.records["web.new"].tolist()] == records


def test_both_sides_name_the_same_fields() -> None:
    kinds = {"<i8": "int64", "<u4": "uint32", "|u1": "uint8", "<u2": "uint16"}
    fields = [f"{kinds[RECORD[name].str]} {name}" for name in RECORD.names or ()]
    assert tuple(fields) == layout.RECORD_FIELDS


@given(
    intended_us=st.integers(0, 2**60),
    sent=st.integers(-5, 2**33),
    done=st.integers(-5, 2**33),
)
def test_times_that_do_not_fit_are_cut_off_at_the_bounds(
    tmp_path_factory: pytest.TempPathFactory, intended_us: int, sent: int, done: int
) -> None:
    stream = make_stream(tmp_path_factory.mktemp("spool"))
    stream.record(intended_us, intended_us + sent, intended_us + done, Outcome.OK)
    ((_, data),) = stream.spool.take()
    (record,) = np.frombuffer(data, RECORD)
    assert record["intended_us"] == intended_us
    assert record["lateness_us"] == min(max(sent, 0), 2**32 - 1)
    assert record["latency_us"] == min(max(done, 0), 2**32 - 1)


def make_stream(folder: Path) -> Stream:
    """A stream that is never launched."""
    facts = {"observer": "web", "name": "new", "interval_s": 1, "timeout_s": 1}
    spool = Spool(folder, "run", [facts])
    return Stream(facts, spool, reactor=None)  # type: ignore[arg-type]


@given(names=st.lists(st.text("abc-1", min_size=1, max_size=3), max_size=20))
def test_backends_keep_their_numbers_across_restarts(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    before = Spool(folder, "run", [])
    given = {name: before.backend(name) for name in names}
    after = Spool(folder, "run", [])
    assert {name: after.backend(name) for name in names} == given
    assert len(set(given.values())) == len(given)
    assert 0 not in given.values()


def test_a_new_run_forgets_the_runs_before(tmp_path: Path) -> None:
    Spool(tmp_path, "old", [])
    Spool(tmp_path, "new", [])
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_secret_stays_out_of_the_spool(tmp_path: Path) -> None:
    Spool(tmp_path, "run", [{"name": "readyz", "token": "secret"}])
    (meta,) = tmp_path.glob("*/*/meta.json")
    assert "secret" not in meta.read_text()


def test_a_prober_that_is_killed_goes_on_where_it_was(rig: Rig) -> None:
    server = rig.serve()
    prober = rig.probe(http(server.port, interval_s=0.005))
    wait_for(
        "100 samples that are written down while it works",
        lambda: len(rig.on_disk("web.s")),
        lambda count: count >= 100,
        SOON,
    )
    prober.end(signal.SIGKILL)
    kept = len(rig.on_disk("web.s"))
    (records,) = (rig.folder / "spool").glob("*/*/web.s.rec")
    with records.open("ab") as file:
        file.write(b"half a record")

    again = rig.probe(http(server.port))
    await_outcome(again, "ok", count=20)
    segment = collect(again)
    times = intended(segment)
    assert len(times) >= kept + 20
    assert answers_of(segment) == {"ok"}
    assert np.all(np.diff(times) > 0)


def test_a_prober_that_is_asked_to_end_loses_nothing(rig: Rig) -> None:
    server = rig.serve()
    prober = rig.probe(http(server.port))
    seen = await_outcome(prober, "ok", count=30)
    assert prober.end(signal.SIGTERM) == 0
    (records,) = (rig.folder / "spool").glob("*/*/web.s.rec")
    assert records.stat().st_size >= seen["ok"] * RECORD.itemsize


def test_a_stopped_run_stays_stopped_after_a_restart(rig: Rig) -> None:
    server = rig.serve()
    prober = rig.probe(http(server.port))
    await_outcome(prober, "ok")
    before = len(intended(collect(prober)))
    prober.end()
    again = rig.probe(http(server.port))
    assert again.get("/status")["stopped"] is True
    assert outcomes(again) == {}
    assert len(intended(collect(again))) == before


def test_a_long_spool_is_fetched_in_pieces(rig: Rig) -> None:
    prober = rig.probe(http(1))
    await_outcome(prober, "refused")
    collect(prober)
    (records,) = (rig.folder / "spool").glob("*/*/web.s.rec")
    ok = layout.RECORD.pack(5, 0, 0, Outcome.OK, 0, 200, 0, 0)
    count = int(2.5 * CHUNK) // RECORD.itemsize
    records.write_bytes(ok * count)
    (segment,) = fetch_segments(LocalLink(prober.port, TOKEN))
    assert len(segment.records["web.s"]) == count


def test_a_file_that_is_not_in_the_spool_is_not_served(rig: Rig) -> None:
    prober = rig.probe(http(1))
    for path in ("/spool/nothing", "/spool/../../spec.json", "/elsewhere"):
        assert prober.pool.request("GET", path).status == 404


def test_a_prober_ends_with_its_owner_and_keeps_what_it_saw(rig: Rig) -> None:
    with subprocess.Popen(["sleep", "60"]) as owner:
        prober = rig.probe(http(free_port()), owner_pid=owner.pid)
        await_outcome(prober, "refused")
        assert prober.process.poll() is None
        owner.kill()
    assert prober.process.wait(20) == 0
    (kept,) = (rig.folder / "spool").rglob("*.rec")
    assert kept.stat().st_size >= RECORD.itemsize
