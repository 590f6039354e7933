"""`upgrade-e2e history` as a nightly job calls it."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree as ET

import pytest

from tests.acceptance.command import said, tool
from tests.unit.gate.made import many, observer, planted, record, write
from upgrade_e2e.judge import Verdict


@pytest.fixture
def kept(tmp_path):
    """A history of three runs, one of them over another path, and a control."""
    slow = record(observers=(observer(p99_s=0.090),))
    other = record(path=("v1.32.2", "v1.33.13"))
    write(tmp_path / "runs", record(), slow, other, planted())
    done = tool("history", "add", "runs", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 new, 0 known already" in done.stdout
    return tmp_path


def count(folder, file="history.sqlite"):
    """How many runs are in a history."""
    return sqlite3.connect(folder / file).execute("SELECT count(*) FROM runs").fetchone()[0]


def test_runs_are_listed_with_their_verdicts(kept):
    done = tool("history", "list", cwd=kept)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("PASS") == 3
    assert "coredns-replicas=1" in done.stdout
    done = tool("history", "list", "--path", "v1.32.2,v1.33.13", cwd=kept)
    assert done.stdout.count("PASS") == 1


def test_a_trend_is_plotted_for_a_terminal_and_as_svg(kept):
    words = ("--path", "v1.33.13,v1.34.4", "--svg", "p99.svg")
    done = tool("history", "trend", "dns", "p99_s", *words, cwd=kept)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "dns p99_s, v1.33.13 -> v1.34.4 on kind" in done.stdout
    assert "0.09 " in done.stdout
    assert "FAIL (planted)" in done.stdout
    assert ET.parse(kept / "p99.svg").getroot().tag.endswith("svg")  # noqa: S314


def test_a_trend_that_is_not_there_names_those_that_are(kept):
    done = tool("history", "trend", "dns", "p98_s", cwd=kept)
    assert done.returncode == 2
    assert "of 'dns'; it has " in said(done)
    assert "p99_s" in said(done)
    done = tool("history", "trend", "dns", "p99_s", "--svg", "two.svg", cwd=kept)
    assert done.returncode == 2
    assert "choose with --path" in said(done)


def test_an_export_taken_in_elsewhere_is_the_same_history(kept):
    assert tool("history", "export", "history.jsonl", cwd=kept).returncode == 0
    again = ("history", "import", "history.jsonl", "--history", "again.sqlite")
    done = tool(*again, cwd=kept)
    assert "4 new, 0 known already" in done.stdout
    assert "0 new, 4 known already" in tool(*again, cwd=kept).stdout
    listed = [
        tool("history", "list", "--history", file, cwd=kept).stdout
        for file in ("history.sqlite", "again.sqlite")
    ]
    assert listed[0] == listed[1]


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ('{"schema_version": 1, "run_id"', "is not JSON"),
        ('{"schema_version": 7}', "schema version 7"),
        ('{"schema_version": 1, "run_id": "a"}', "is not a run"),
        ("[]", "schema version None"),
    ],
)
def test_an_export_with_a_broken_line_comes_in_wholly_or_not_at_all(kept, broken, told):
    tool("history", "export", "history.jsonl", cwd=kept)
    file = kept / "history.jsonl"
    file.write_text(file.read_text() + broken + "\n")
    done = tool("history", "import", file.name, "--history", "again.sqlite", cwd=kept)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "line 5" in said(done)
    assert told in said(done)
    assert not (kept / "again.sqlite").exists()


def test_a_figure_that_is_no_number_is_refused(kept):
    tool("history", "export", "history.jsonl", cwd=kept)
    lines = (kept / "history.jsonl").read_text().splitlines()
    for word in ("NaN", "Infinity", "-Infinity"):
        document = json.loads(lines[0])
        document["figures"][0]["value"] = float(word.replace("Infinity", "inf"))
        (kept / "bad.jsonl").write_text(json.dumps(document) + "\n")
        done = tool("history", "import", "bad.jsonl", "--history", "bad.sqlite", cwd=kept)
        assert done.returncode == 2, done.stdout + done.stderr
        assert "line 1" in said(done)
        assert "finite" in said(done)


def test_a_file_among_the_folders_is_left_out_by_name(tmp_path):
    write(tmp_path / "n", *many(2))
    (tmp_path / "n" / "notes.txt").write_text("quiet machine")
    given = sorted(str(place) for place in (tmp_path / "n").iterdir())
    done = tool("history", "add", *given, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 new, 0 known already" in done.stdout
    assert "left out: " in done.stdout
    assert "notes.txt is not a directory" in done.stdout
    alone = tool("history", "add", "n/notes.txt", cwd=tmp_path)
    assert alone.returncode == 2, alone.stdout + alone.stderr


def test_damaged_runs_are_left_out_by_name_and_the_others_kept(tmp_path):
    folder = write(tmp_path / "runs", *many(2))
    torn = next(folder.iterdir())
    (torn / "run.json").write_text("{")
    done = tool("history", "add", "runs", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 new" in done.stdout
    assert torn.name in done.stdout
    done = tool("history", "add", f"runs/{torn.name}", cwd=tmp_path)
    assert done.returncode == 1
    assert count(tmp_path) == 1


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda file: file.write_bytes(b"SQLite format 3\0" + b"\xff" * 4000), "corrupt"),
        (lambda file: file.write_text("{}" * 400), "corrupt"),
        (lambda file: sqlite3.connect(file).execute("CREATE TABLE mine (a)"), "not a history"),
        (lambda file: sqlite3.connect(file).execute("PRAGMA user_version = 99"), "not a history"),
        (lambda file: file.mkdir(), "cannot be opened"),
    ],
    ids=["torn", "text", "another program's", "of the future", "a folder"],
)
def test_a_file_that_is_no_history_is_refused_and_left_as_it_is(tmp_path, make, told):
    file = tmp_path / "history.sqlite"
    make(file)
    before = file.read_bytes() if file.is_file() else b""
    write(tmp_path / "runs", record())
    done = tool("history", "add", "runs", cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in said(done)
    assert (file.read_bytes() if file.is_file() else b"") == before


def test_a_history_that_is_missing_is_told(tmp_path):
    done = tool("history", "list", cwd=tmp_path)
    assert done.returncode == 2
    assert "there is no history at history.sqlite" in said(done)
    assert not (tmp_path / "history.sqlite").exists()


def test_two_writers_at_the_same_time_lose_nothing(tmp_path):
    for side in ("a", "b"):
        write(tmp_path / side, *many(10))
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda side: tool("history", "add", side, cwd=tmp_path), "ab"))
    assert [done.returncode for done in both] == [0, 0], both
    assert count(tmp_path) == 20


def test_a_run_stays_as_it_was_when_it_is_added_again_changed(tmp_path):
    made = record()
    write(tmp_path / "first", made)
    write(tmp_path / "second", record(run_id=made.run_id, verdict=Verdict.FAIL))
    assert tool("history", "add", "first", cwd=tmp_path).returncode == 0
    done = tool("history", "add", "second", cwd=tmp_path)
    assert "0 new, 1 known already" in done.stdout
    assert "FAIL" not in tool("history", "list", cwd=tmp_path).stdout
