"""Prometheus' text format: wanted lines are found, read and numbered; others are left alone."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.agent.exposition import lines_of, read_labels, split_value
from upgrade_e2e.agent.readings import MOST_SERIES, ReadingsFile, TooManySeries
from upgrade_e2e.agent.spool import Spool

PAGE = b"""# HELP etcd_server_has_leader Whether or not a leader exists. 1 is existence, 0 is not.
# TYPE etcd_server_has_leader gauge
etcd_server_has_leader 1
etcd_server_has_leader_more 7
# TYPE rtt histogram
rtt_bucket{To="a",le="0.1"} 3
rtt_bucket{To="a",le="+Inf"} 5
rtt_bucket{To="b",le="0.1"} 10 1700000000000
rtt_sum{To="a"} 2.5e-01
odd{what="a } \\"b\\", c\\\\d\\ne"} NaN"""


def found(folder: Path, *metrics: str, text: bytes = PAGE, **settings) -> dict[str, float]:
    """What is read of `text`, by the line that names the series."""
    spool = Spool(folder, "run", [])
    values = ReadingsFile(spool, "etcd.scrape", metrics, **settings).find(text)
    file = spool.boot / "etcd.scrape.series"
    lines = file.read_text().splitlines() if file.exists() else []
    return {lines[number]: value for number, value in values.items()}


def test_only_the_wanted_metric_is_found() -> None:
    assert list(lines_of(b"\n" + PAGE, b"etcd_server_has_leader")) == [b"etcd_server_has_leader 1"]
    assert list(lines_of(b"\n" + PAGE, b"rtt")) == []


def test_labels_and_values_are_read(tmp_path: Path) -> None:
    assert found(tmp_path, "rtt_bucket", "etcd_server_has_leader") == {
        '["rtt_bucket", {"To": "a", "le": "0.1"}]': 3.0,
        '["rtt_bucket", {"To": "a", "le": "+Inf"}]': 5.0,
        '["rtt_bucket", {"To": "b", "le": "0.1"}]': 10.0,
        '["etcd_server_has_leader", {}]': 1.0,
    }


def test_quotes_braces_and_new_lines_in_a_label_are_read() -> None:
    (line,) = lines_of(PAGE, b"odd")
    labels, value = split_value(line, b"odd")
    assert read_labels(labels) == {"what": 'a } "b", c\\d\ne'}
    assert math.isnan(value)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,5}", fullmatch=True), st.text(max_size=8)))
def test_what_is_escaped_is_read_as_it_was(labels: dict[str, str]) -> None:
    def escaped(value: str) -> str:
        return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

    text = ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items())
    line = f"m{{{text}}} 1".encode("utf-8", "surrogatepass")
    assert read_labels(split_value(line, b"m")[0]) == labels


def test_labels_that_do_not_stay_are_added_up(tmp_path: Path) -> None:
    assert found(tmp_path, "rtt_bucket", keep_labels=["le"]) == {
        '["rtt_bucket", {"le": "0.1"}]': 13.0,
        '["rtt_bucket", {"le": "+Inf"}]': 5.0,
    }


def test_lines_to_leave_out_are_left_out(tmp_path: Path) -> None:
    assert list(found(tmp_path, "rtt_bucket", drop=["To=a"]).values()) == [10.0]
    assert found(tmp_path, "etcd_server_has_leader", drop=["To="]) == {}


@pytest.mark.parametrize("line", [b"m", b"m ", b"m {", b'm{a="b" 1', b"m one"])
def test_what_is_no_value_is_refused(tmp_path: Path, line: bytes) -> None:
    if line == b"m":  # a name that goes on is another metric, and one without anything is none
        assert found(tmp_path, "m", text=line) == {}
        return
    with pytest.raises(ValueError):  # noqa: PT011 - what the caller catches
        found(tmp_path, "m", text=line)


def test_series_keep_their_numbers_after_a_kill(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "run", [])
    before = ReadingsFile(spool, "etcd.scrape", ["rtt_bucket"]).find(PAGE)
    with (spool.boot / "etcd.scrape.series").open("a") as file:
        file.write('["half a li')
    again = ReadingsFile(Spool(tmp_path, "run", []), "etcd.scrape", ["rtt_sum", "rtt_bucket"])
    values = again.find(PAGE)
    assert {number: values[number] for number in before} == before
    assert sorted(set(values) - set(before)) == [len(before)]


def test_too_many_series_are_said_to_be_too_many(tmp_path: Path) -> None:
    pages = b"".join(b'm{pod="%d"} 1\n' % number for number in range(MOST_SERIES + 1))
    with pytest.raises(TooManySeries):
        found(tmp_path, "m", text=pages)
