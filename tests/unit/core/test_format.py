"""Figures as people read them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lengths import LENGTHS
from upgrade_e2e.format import (
    NOTHING,
    duration,
    moment,
    seconds_of,
    setting,
    share,
    stamp,
    wall_clock,
)

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(("seconds", "shown"), LENGTHS)
def test_a_length_is_shown_in_the_unit_that_fits(seconds, shown):
    assert duration(seconds) == shown


@pytest.mark.parametrize("seconds", [0.00031, 0.3, 1.25, 59.9, 60, 68, 300, 3900, 7200])
def test_a_length_that_was_written_is_read_back(seconds):
    assert seconds_of(duration(seconds)) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "-", "3", "about 3 s", "3 s ago"])
def test_what_is_no_length_is_not_read_as_one(text):
    with pytest.raises(ValueError, match="is no length of time"):
        seconds_of(text)


def test_what_has_no_end_has_no_length():
    assert duration(float("inf")) == NOTHING


@given(st.floats(1e-6, 1e5))
def test_no_length_is_shown_as_nothing_or_in_exponents(seconds):
    shown = duration(seconds)
    assert "e" not in shown
    assert any(digit in shown for digit in "123456789")


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (None, NOTHING),
        (float("nan"), NOTHING),
        (0.0, "0%"),
        (0.00001, "0.001%"),
        (1e-8, "< 0.0001%"),
        (0.0042, "0.42%"),
        (0.041, "4.1%"),
        (1 / 3, "33.3%"),
        (0.99999, "> 99.9%"),
        (1.0, "100%"),
    ],
)
def test_a_rare_failure_is_not_shown_as_none(ratio, shown):
    assert share(ratio) == shown


def test_moments_are_written_as_explanations_write_them():
    assert moment(512.314) == "512.31 s"
    assert [stamp(5.9), stamp(512.3)] == ["    5 s", "  512 s"]
    assert wall_clock(0.0) == "1970-01-01 00:00:00 UTC"


def test_a_setting_is_kept_as_older_records_have_it():
    assert [setting(300.0), setting(0.5)] == ["300 s", "0.5 s"]


SECONDS_BY_HAND = re.compile(
    r"(?:_s|seconds|minutes|1e3|1000|_ms)\)*(?::[^{}]*)?\} ?(?:s|ms|min|seconds|minutes)\b"
    r"|\.\d[fg]\} ?(?:s|ms|min|seconds|minutes)\b"
    r"|%\.?\d*[dfg] ?(?:s|ms|seconds)\b"
)
FOR_PROGRAMS = {
    "format.py": "the one place",
    "drain_order.py": "an argument of kubectl",
    "edge.py": "the configuration of nginx",
    "etcd_access.py": "an argument of etcdctl",
}
"""Files that write seconds for a program to read, and format.py."""


def test_no_text_writes_seconds_in_its_own_way():
    found = {
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for folder in ("e2e", "fixtures", "scenarios")
        for path in (ROOT / folder).rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if path.name not in FOR_PROGRAMS and SECONDS_BY_HAND.search(line)
    }
    assert not found, "write lengths with duration(), times on the timeline with moment()"


@pytest.mark.parametrize(
    "line",
    [
        'f"within {within_s:g} s"',
        'f"after {a_s - b_s:.1f} s"',
        'f"{x:.0f} ms"',
        'f"{seconds} s"',
        'f"{round(left_s)} s"',
        '"%.1f s" % x',
    ],
)
def test_a_way_of_its_own_is_found(line):
    assert SECONDS_BY_HAND.search(line)


def test_the_page_writes_seconds_in_two_functions_only():
    found = []
    for path in (ROOT / "e2e/upgrade_e2e/report/html/assets").glob("*.js"):
        text = path.read_text(encoding="utf-8")
        found += [path.name for line in text.splitlines() if re.search(r"\} (?:ms|s|min)`", line)]
    # The axis and exact times are as fine as the view; they are times on the timeline.
    assert sorted(found) == ["facts.js"] * 4 + ["head.js", "ink.js"]
