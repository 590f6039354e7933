"""Limits: every one has a source; what a user overrides is checked and told."""

from __future__ import annotations

import dataclasses
import math

import pytest

from upgrade_e2e.errors import BadInput
from upgrade_e2e.judge import Limits

DEFAULT = Limits.default()


def load(tmp_path, text):
    path = tmp_path / "limits.toml"
    path.write_text(text)
    return Limits.load(path)


def test_the_defaults_stand_at_their_sources():
    assert DEFAULT.dns.failure_ratio == 0.001
    assert DEFAULT.dns.p50_s == 0.020
    assert DEFAULT.dns.p99_s == DEFAULT.slow.dns_s
    assert DEFAULT.dns.kept_silence_s == 5.0
    assert DEFAULT.http.failures_per_s == 1e-5 * 1000
    assert DEFAULT.api.availability == 0.995
    assert DEFAULT.churn.ready_p95_s == 5.0
    assert Limits.load(None) is DEFAULT


def test_every_limit_has_a_source_and_a_place():
    named = {
        f"{group.name}.{limit.name}"
        for group in dataclasses.fields(Limits)
        if group.name != "table"
        for limit in dataclasses.fields(getattr(DEFAULT, group.name))
    }
    assert named == {limit.key for limit in DEFAULT.table}
    for limit in DEFAULT.table:
        assert len(limit.source) > 20, limit.key
        assert math.isfinite(limit.value)
        assert not limit.overridden


def test_overrides_with_and_without_a_reason(tmp_path):
    limits = load(
        tmp_path,
        '[dns]\np99_s = 1\nfailure_ratio = { value = 0.02, reason = "two busy cores" }\n',
    )
    assert limits.dns.p99_s == 1
    assert limits.dns.failure_ratio == 0.02
    assert limits.dns.p50_s == DEFAULT.dns.p50_s
    assert limits.churn == DEFAULT.churn
    changed = {limit.key: limit for limit in limits.table if limit.overridden}
    assert set(changed) == {"dns.p99_s", "dns.failure_ratio"}
    assert changed["dns.failure_ratio"].reason == "two busy cores"
    assert changed["dns.failure_ratio"].default == 0.001
    assert "clusterloader2" in changed["dns.failure_ratio"].source


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[dns]\np98_s = 1\n", r"unknown limit 'dns.p98_s'; known limits: .*dns.p99_s"),
        ("[dsn]\np99_s = 1\n", r"unknown limit 'dsn.p99_s'; known limits: .*dns.p99_s"),
        ("p99_s = 1\n", r"'p99_s' is outside of any table; tables: .*\[dns\]"),
        ('[dns]\np99_s = "1 s"\n', r"dns.p99_s must be a number, not '1 s'"),
        ("[dns]\np99_s = true\n", r"dns.p99_s must be a number, not True"),
        ("[dns]\np99_s = nan\n", r"dns.p99_s must be zero or more and finite, not nan"),
        ("[dns]\np99_s = inf\n", r"dns.p99_s must be zero or more and finite, not inf"),
        ("[dns]\np99_s = -1\n", r"dns.p99_s must be zero or more and finite, not -1"),
        ("[dns]\nfailure_ratio = 2\n", r"dns.failure_ratio is a share between 0 and 1, not 2"),
        ("[api]\navailability = 99.5\n", r"api.availability is a share between 0 and 1"),
        ("[instrument]\nmin_samples = 1.5\n", r"min_samples must be a whole number, not 1.5"),
        ('[dns]\np99_s = { reason = "x" }\n', r"dns.p99_s must be a number or { value = NUMBER"),
        ("[dns]\np99_s = { value = 1, reason = 2 }\n", r"dns.p99_s must be a number or"),
        ("[dns]\np99_s = { value = 1, why = 'x' }\n", r"dns.p99_s must be a number or"),
        ("[dns\n", r"cannot be read .* it must be TOML like"),
    ],
    ids=lambda part: None if "\\" in part or "must" in part or "unknown" in part else part,
)
def test_bad_limits_are_refused(tmp_path, text, message):
    with pytest.raises(BadInput, match=message):
        load(tmp_path, text)


def test_zero_is_a_limit(tmp_path):
    assert load(tmp_path, "[dns]\nfailure_ratio = 0\n").dns.failure_ratio == 0


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        Limits.load(tmp_path / "none.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "limits.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="cannot be read"):
        Limits.load(path)


def test_nothing_overridden_is_the_default(tmp_path):
    assert load(tmp_path, "# nothing\n") == DEFAULT
