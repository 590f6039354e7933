"""The history file: two writers, a kill in mid-write, migration, and files that are no history."""

import dataclasses
import json
import multiprocessing
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.gate.made import PATH, control, observer, record, run, runs
from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.errors import BadInput, DamagedRecord, DeadlinePassed
from upgrade_e2e.gate import Figure, Run, ScenarioVerdict, run_of
from upgrade_e2e.gate.history import (
    Added,
    History,
    find_trends,
    read_jsonl,
    render_runs_table,
    write_jsonl,
)
from upgrade_e2e.gate.history import schema as history_schema
from upgrade_e2e.judge import Verdict

FIGURES = tuple(Figure("dns", f"metric{i}", i / 7) for i in range(200))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "history.sqlite"


def add(file, *made):
    """Add runs."""
    with History.writing(file) as history:
        return history.add(made)


def stored(file, **which):
    """All runs."""
    with History.reading(file) as history:
        return history.runs(**which)


def query(file, sql):
    """What plain SQLite says."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        return connection.execute(sql).fetchall()


def _write(file, name, count, told):
    for number in range(count):
        add(file, dataclasses.replace(run(run_id=f"{name}-{number}"), figures=FIGURES))
        told.send(f"{name}-{number}")
    told.close()


@contextmanager
def fork(target, *args):
    """A process of its own, without the seconds that imports take, and the end it tells at."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside idle threads
        process = context.Process(target=target, args=(*args, there))
        process.start()
    there.close()
    try:
        yield process, here
    finally:
        process.kill()
        process.join(timeout=60)
        process.close()
        here.close()


def write_together(file, count, names):
    """Several processes add runs at the same time; each must end well."""
    with ExitStack() as stack:
        writers = [stack.enter_context(fork(_write, file, name, count)) for name in names]
        for process, _ in writers:
            process.join(timeout=120)
            assert process.exitcode == 0


def rest(told):
    """What was told and not yet read."""
    lines = []
    with suppress(EOFError):
        while True:
            lines.append(told.recv())
    return lines


RUNS = st.builds(
    Run,
    run_id=st.uuids().map(str),
    path=st.sampled_from([PATH, ("v1.32.2", *PATH)]),
    provider=st.sampled_from(["kind", "sim"]),
    simulated=st.booleans(),
    verdict=st.sampled_from(list(Verdict)),
    reason=st.text(st.characters(codec="utf-8"), max_size=20),
    started_unix_s=st.floats(0, 4e9),
    tool=st.text("0123456789.", max_size=6),
    nodes=st.just("1 control plane(s), 2 worker(s)"),
    choices=st.dictionaries(st.text("abc-"), st.text("xyz "), max_size=2),
    faults=st.lists(st.text("abc=@"), max_size=2).map(tuple),
    limits=st.dictionaries(st.text("abc._"), st.floats(0, 1), max_size=2),
    claims=st.lists(
        st.builds(ScenarioVerdict, st.text("abc_"), st.sampled_from(list(Verdict)), st.booleans()),
        max_size=2,
    ).map(tuple),
    figures=st.lists(
        st.builds(
            Figure,
            st.sampled_from(["api", "dns"]),
            st.sampled_from(["p50_s", "p99_s"]),
            st.floats(allow_nan=False, allow_infinity=False),
            st.booleans(),
        ),
        unique_by=lambda figure: (figure.observer, figure.metric),
    ).map(lambda figures: tuple(sorted(figures, key=lambda f: (f.observer, f.metric)))),
)


@settings(deadline=None, max_examples=30)
@given(st.lists(RUNS, unique_by=lambda run: run.run_id, max_size=4))
def test_what_goes_in_comes_out_of_file_and_export(tmp_path_factory, made):
    folder = tmp_path_factory.mktemp("history")
    assert add(folder / "one", *made) == Added(len(made), 0)
    expected = tuple(sorted(made, key=lambda run: (run.started_unix_s, run.run_id)))
    assert stored(folder / "one") == expected
    assert write_jsonl(stored(folder / "one"), folder / "runs.jsonl") == len(made)
    add(folder / "two", *read_jsonl(folder / "runs.jsonl"))
    assert stored(folder / "two") == expected


def test_a_run_is_added_once_and_never_overwritten(file):
    made = run()
    assert add(file, made) == Added(1, 0)
    other = dataclasses.replace(made, reason="changed", figures=())
    assert add(file, other, run()) == Added(1, 1)
    assert stored(file)[0].reason == made.reason
    assert stored(file)[0].figure("dns", "p99_s") is not None


def test_adding_is_all_or_nothing(file):
    add(file, run())
    twice = Figure("dns", "p99_s", 1.0)
    with pytest.raises(BadInput), History.writing(file) as history:
        history.add([run(), dataclasses.replace(run(), figures=(twice, twice))])
    assert len(stored(file)) == 1


def test_runs_are_found_by_path_and_provider(file):
    add(file, run(), run(path=("v1.32.2", "v1.33.13")), run(provider="attached"))
    assert len(stored(file)) == 3
    assert len(stored(file, path=PATH)) == 2
    assert len(stored(file, path=PATH, provider="kind")) == 1


def test_there_is_a_row_a_run_and_metric(file):
    add(file, *runs([1.0, 2.0]))
    rows = query(
        file,
        "SELECT value FROM metrics WHERE observer = 'dns' AND metric = 'longest_silence_s' "
        "ORDER BY value",
    )
    assert rows == [(1.0,), (2.0,)]


def test_two_processes_write_at_the_same_time(file):
    write_together(file, 25, "ab")
    found = stored(file)
    assert len(found) == 50
    assert {len(one.figures) for one in found} == {200}


@pytest.mark.parametrize("after", [1, 4, 9])
def test_a_kill_in_mid_write_loses_nothing_that_was_in(file, after):
    with fork(_write, file, "a", 100_000) as (process, here):
        told = [here.recv() for _ in range(after)]
        time.sleep(0.003 * after)  # somewhere into the next write; where does not matter
        process.kill()
        process.join(timeout=60)
        told += rest(here)
    found = stored(file)
    assert {one.run_id for one in found} >= set(told)
    assert len(found) <= len(told) + 1, "one may have been in without being told"
    assert {len(one.figures) for one in found} == {200}, "a run is in whole or not at all"
    assert query(file, "PRAGMA integrity_check") == [("ok",)]
    assert add(file, run()) == Added(1, 0)


def test_a_transaction_that_was_cut_off_is_rolled_back_by_the_next_reader(file):
    # The journal of a writer that died after it had begun to change the file itself.
    add(file, *(run() for _ in range(20)))
    script = (
        "import os, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('PRAGMA cache_size = 1')\n"
        "c.execute('BEGIN IMMEDIATE')\n"
        "c.execute('UPDATE metrics SET value = -1')\n"
        "c.execute('CREATE TABLE x AS SELECT randomblob(900) FROM metrics, metrics LIMIT 3000')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(file)], check=False)
    assert file.with_name(file.name + "-journal").exists()
    assert min(figure.value for one in stored(file) for figure in one.figures) >= 0


def old_file(file):
    """A file of the first schema, with one run in it."""
    connection = sqlite3.connect(file, isolation_level=None)
    for statement in history_schema._STEPS[0]:
        connection.execute(statement)
    connection.execute("PRAGMA user_version = 1")
    connection.execute(
        "INSERT INTO runs VALUES ('old', 'v1.33.13,v1.34.4', 'kind', 0, 'PASS', 'fine', 5.0, "
        "'0.0.9', '{}', '[]', '{}', '[]')"
    )
    connection.execute("INSERT INTO metrics VALUES ('old', 'dns', 'p99_s', 0.5)")
    connection.close()


def test_an_older_file_is_migrated_when_it_is_written_to(file):
    old_file(file)
    with pytest.raises(BadInput, match="schema version 1"):
        stored(file)
    assert add(file, run()) == Added(1, 0)
    first = stored(file)[0]
    assert (first.run_id, first.nodes, first.facts) == ("old", "", None)
    assert first.figure("dns", "p99_s") == Figure("dns", "p99_s", 0.5, censored=False)


def test_a_file_from_before_facts_were_kept_is_read_as_it_is(file):
    old_file(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in history_schema._STEPS[1]:
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 2")
    before = file.read_bytes()
    assert [(one.run_id, one.facts) for one in stored(file)] == [("old", None)]
    assert file.read_bytes() == before


def test_the_facts_of_a_cluster_come_back_as_they_were(file, tmp_path):
    facts = ClusterFacts(("ipv6", "ipv4"), "shop.test", "ipvs", "calico", ("A=true",), "sha256:1")
    known, unknown = run(facts=facts), run()
    add(file, known, unknown)
    assert [one.facts for one in stored(file)] == [facts, None]
    write_jsonl(stored(file), tmp_path / "runs.jsonl")
    assert [one.facts for one in read_jsonl(tmp_path / "runs.jsonl")] == [facts, None]
    query(file, "UPDATE runs SET facts = '{\"families\": 3}'")
    with pytest.raises(DamagedRecord, match="is not a run"):
        stored(file)


def test_machine_and_images_come_back_and_are_unknown_in_an_older_file(file, tmp_path):
    images = {"v1.33.13": "sha256:1", "v1.34.4": "image ID sha256:2"}
    old_file(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for step in history_schema._STEPS[1:3]:
            for statement in step:
                connection.execute(statement)
        connection.execute("PRAGMA user_version = 3")
    before = file.read_bytes()
    assert [(one.machine, one.images) for one in stored(file)] == [("", {})]
    assert file.read_bytes() == before
    add(file, run(machine="2 cores, 24 GiB", images=images))
    known = [("", {}), ("2 cores, 24 GiB", images)]
    assert [(one.machine, one.images) for one in stored(file)] == known
    write_jsonl(stored(file), tmp_path / "runs.jsonl")
    assert [(one.machine, one.images) for one in read_jsonl(tmp_path / "runs.jsonl")] == known


def test_two_processes_migrate_at_the_same_time(file):
    old_file(file)
    write_together(file, 3, "abc")
    assert len(stored(file)) == 10


def test_a_migration_that_fails_changes_nothing(file, monkeypatch):
    old_file(file)
    steps = (*history_schema._STEPS[:1], ("ALTER TABLE runs ADD COLUMN x TEXT", "NONSENSE"))
    monkeypatch.setattr(history_schema, "_STEPS", steps)
    with pytest.raises(BadInput):
        add(file, run())
    assert query(file, "PRAGMA user_version") == [(1,)]
    assert "x" not in [row[1] for row in query(file, "PRAGMA table_info(runs)")]


def test_a_newer_file_is_refused_and_untouched(file):
    add(file, run())
    query(file, f"PRAGMA user_version = {history_schema.SCHEMA_VERSION + 1}")
    before = file.read_bytes()
    for use in (lambda: stored(file), lambda: add(file, run())):
        with pytest.raises(BadInput, match="newer upgrade-e2e"):
            use()
    assert file.read_bytes() == before


def test_a_file_that_another_process_holds(file):
    add(file, run())
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with (
        pytest.raises(DeadlinePassed, match="held by another process"),
        History.writing(file, timeout_s=0.05) as history,
    ):
        history.add([run()])
    holder.close()
    assert len(stored(file)) == 1


@pytest.mark.parametrize("content", [b"", b"not a database, " * 64])
def test_what_is_no_history_is_told_and_not_touched_by_reading(file, content):
    file.write_bytes(content)
    with pytest.raises((BadInput, DamagedRecord), match=str(file)):
        stored(file)
    assert file.read_bytes() == content


def test_the_database_of_another_program_is_not_written_to(file):
    query(file, "CREATE TABLE bookmarks (url TEXT)")
    before = file.read_bytes()
    with pytest.raises(DamagedRecord, match="not a history"):
        add(file, run())
    assert file.read_bytes() == before


def test_a_torn_file_is_corrupt_and_kept(file):
    add(file, *(run() for _ in range(60)))
    whole = file.read_bytes()
    torn = whole[: len(whole) // 2] + b"\xff" * 5000
    file.write_bytes(torn)
    with pytest.raises(DamagedRecord, match="corrupt"):
        stored(file)
    assert file.read_bytes() == torn


def test_a_row_that_is_no_run_is_named(file):
    add(file, run(run_id="broken"))
    query(file, "UPDATE runs SET verdict = 'MAYBE'")
    with pytest.raises(DamagedRecord, match="'broken'"):
        stored(file)


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(BadInput, match="folder exists"):
        add(tmp_path / "none" / "history.sqlite", run())
    with pytest.raises(BadInput, match="there is no history"):
        stored(tmp_path / "history.sqlite")


def _write_as_nobody(file, told):
    if os.getuid() == 0:
        os.setuid(65534)
    read = len(stored(file))
    try:
        add(file, run())
    except BadInput as error:
        told.send((read, str(error)))
    else:
        told.send((read, "written"))


def test_a_read_only_file_can_be_read_but_not_written():
    # Not under tmp_path: nobody but its owner may look into that.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        add(folder / "history.sqlite", run())
        (folder / "history.sqlite").chmod(0o444)
        folder.chmod(0o555)
        with fork(_write_as_nobody, folder / "history.sqlite") as (_, told):
            read, said = told.recv()
        folder.chmod(0o755)
    assert read == 1
    assert "cannot be opened or written" in said


def test_an_export_that_was_cut_short_names_its_line(tmp_path):
    write_jsonl([run(), run()], tmp_path / "runs.jsonl")
    text = (tmp_path / "runs.jsonl").read_text()
    (tmp_path / "runs.jsonl").write_text(text[:-40])
    with pytest.raises(DamagedRecord, match="line 2 is not JSON"):
        read_jsonl(tmp_path / "runs.jsonl")


@pytest.mark.parametrize(
    ("change", "told"),
    [({"schema_version": 9}, "schema version 9"), ({"verdict": "MAYBE"}, "is not a run")],
)
def test_a_foreign_line_is_refused(tmp_path, change, told):
    write_jsonl([run()], tmp_path / "runs.jsonl")
    document = json.loads((tmp_path / "runs.jsonl").read_text())
    (tmp_path / "runs.jsonl").write_text(json.dumps({**document, **change}))
    with pytest.raises(DamagedRecord, match=told):
        read_jsonl(tmp_path / "runs.jsonl")


def test_export_to_nowhere_and_import_of_nothing(tmp_path):
    with pytest.raises(BadInput, match="cannot be written"):
        write_jsonl([run()], tmp_path / "none" / "runs.jsonl")
    with pytest.raises(BadInput, match="cannot be read"):
        read_jsonl(tmp_path / "none.jsonl")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DamagedRecord, match="not text"):
        read_jsonl(tmp_path / "binary")


def test_a_trend_shows_every_run_of_its_path_in_order():
    made = [*runs([1.0, 4.0]), control(), run(path=("v1.32.2", "v1.33.13"))]
    first, second = find_trends(made[::-1], "dns", "longest_silence_s")[::-1]
    assert [point.value for point in first.points] == [1.0, 4.0, 9.0]
    assert first.points[-1].planted
    assert len(second.points) == 1
    text = first.render()
    lines = text.splitlines()
    assert lines[0] == "dns longest_silence_s, v1.33.13 -> v1.34.4 on kind"
    assert "FAIL (planted)" in lines[-1]
    bars = [line.count("█") for line in lines[2:]]
    assert bars == sorted(bars)
    assert bars[0] < bars[1] < bars[2]


def test_slow_answers_have_a_trend_and_survive_an_export(file, tmp_path):
    seen = observer(slow_ratio=0.004, brownout_count=3, brownout_s=1.95)
    made = run_of(record(observers=(seen,)))
    add(file, made)
    (kept,) = stored(file)
    write_jsonl([kept], tmp_path / "runs.jsonl")
    (back,) = read_jsonl(tmp_path / "runs.jsonl")
    for metric, value in (("brownout_s", 1.95), ("brownout_count", 3.0), ("slow_ratio", 0.004)):
        (trend,) = find_trends([back], "dns", metric)
        assert [point.value for point in trend.points] == [value]


def test_a_trend_as_svg_is_well_formed_and_holds_each_value():
    (made,) = find_trends(runs([1.0, 4.0, 0.0]), "dns", "longest_silence_s")
    root = ET.fromstring(made.svg())  # noqa: S314 - our own
    titles = [node.text for node in root.iter("{http://www.w3.org/2000/svg}title")]
    assert [title.rsplit(" ", 1)[1] for title in titles] == ["1", "4", "0"]


def test_a_metric_that_no_run_has_names_those_there_are():
    with pytest.raises(BadInput, match=r"'nonsense' of 'dns'; it has .*p99_s"):
        find_trends([run()], "dns", "nonsense")
    with pytest.raises(BadInput, match=r"no run has an observer 'dsn'; there are .*dns"):
        find_trends([run()], "dsn", "p99_s")
    with pytest.raises(BadInput, match="no such run; see `upgrade-e2e history list`"):
        find_trends([], "dns", "p99_s")


def test_runs_without_figures_are_said_to_have_none():
    with pytest.raises(BadInput, match=r"observer 'dns': none of these runs has any figures\.$"):
        find_trends([dataclasses.replace(run(), figures=())], "dns", "p99_s")


def test_the_list_of_runs_tells_what_was_planted_and_simulated():
    text = render_runs_table([run(provider="sim", simulated=True), control()])
    assert "sim (SIMULATED)" in text
    assert "coredns-replicas=1" in text
    assert render_runs_table([]) == "The history has no such run."
