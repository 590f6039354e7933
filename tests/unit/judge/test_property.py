"""All figures of random timelines, against the plain reference."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upgrade_e2e.judge import view_of
from upgrade_e2e.judge.evidence import Evidence
from upgrade_e2e.timeline import Outcome

from . import reference
from .made import PATIENT, scenes, span_trees, to_timeline
from .reference import BAD, GOOD, NO


def judged(found, low, high, spans=()):
    seen = view_of(to_timeline(found, low, high, spans), "web")
    weights = {line.name: reference.weighed(line, found, low, high) for line in found}
    return seen, weights


def rows_of(found, weights):
    return {line.name: reference.rows(weights[line.name], line.interval) for line in found}


@PATIENT
@given(scenes())
def test_evidence(scene):
    found = scene[0]
    seen, weights = judged(*scene)
    for track, line in zip(seen.scope.tracks, found, strict=True):
        expected = weights[line.name]
        assert track.sent_us.tolist() == [shot.sent for shot, _, _ in expected]
        assert sorted(
            zip(track.sent_us.tolist(), track.outcome.tolist(), track.timed.tolist(), strict=True)
        ) == sorted((shot.sent, shot.outcome, timed) for shot, _, timed in expected)
        proof = {Evidence.GOOD: GOOD, Evidence.FAILED: BAD}
        assert [proof.get(Evidence(e), NO) for e in track.evidence] == [p for _, p, _ in expected]


@PATIENT
@given(scenes())
def test_blind_time(scene):
    found, low, high = scene
    seen, _ = judged(*scene)
    shares = []
    for track, line in zip(seen.scope.tracks, found, strict=True):
        expected = reference.blind(line, low, high)
        assert track.blind.total_us == reference.length(expected)
        assert reference.length(expected, outside=_pairs(track.blind)) == 0
        shares.append(reference.length(expected) / (high - low))
    assert seen.blind_share == pytest.approx(sum(shares) / len(shares))


@PATIENT
@given(scenes())
def test_counts_and_latencies(scene):
    found = scene[0]
    seen, weights = judged(*scene)
    flat = [entry for line in found for entry in weights[line.name]]
    assert seen.failures == sum(proves == BAD for _, proves, _ in flat)
    assert seen.count == sum(proves != NO for _, proves, _ in flat)
    tally = Counter(Outcome(shot.outcome) for shot, proves, _ in flat if proves != NO)
    assert dict(seen.outcomes) == dict(tally)
    exact = [shot.latency for shot, proves, timed in flat if timed and proves == GOOD]
    censored = [shot.latency for shot, proves, timed in flat if timed and proves == BAD]
    if exact or censored:
        for share in (0.5, 0.95, 0.99, 1.0):
            value, longer = reference.quantile(exact, censored, share)
            assert seen.quantile(share).value_s == value / 1e6
            assert seen.quantile(share).censored == longer


@PATIENT
@given(scenes())
def test_outages_and_their_bounds(scene):
    found, low, high = scene
    seen, weights = judged(*scene)
    expected = []
    for line in found:
        dark = reference.blind(line, low, high)
        for row in reference.rows(weights[line.name], line.interval):
            certain = reference.length([(row.first, row.core_end)], outside=dark)
            if row.core_end == row.first:
                certain = 0
            expected.append(
                (
                    line.name,
                    row.first,
                    row.last,
                    row.before,
                    row.after,
                    certain,
                    len(row.shots),
                )
            )
    told = [
        (
            outage.streams[0],
            round(outage.start_s * 1e6),
            round(outage.end_s * 1e6),
            None if outage.good_before_s is None else round(outage.good_before_s * 1e6),
            None if outage.good_after_s is None else round(outage.good_after_s * 1e6),
            round(outage.at_least_s * 1e6),
            outage.failures,
        )
        for outage in seen.stream_outages
    ]
    key = str
    assert sorted(told, key=key) == sorted(expected, key=key)
    for outage in seen.stream_outages:
        assert outage.at_least_s <= outage.at_most_s + 1e-9
        assert math.isinf(outage.at_most_s) == (
            outage.good_before_s is None or outage.good_after_s is None
        )


@PATIENT
@given(scenes())
def test_downtime_and_gaps(scene):
    found, low, high = scene
    seen, weights = judged(*scene)
    by_stream = rows_of(found, weights)
    certain, possible, outages, gaps = [], [], [0], [0]
    for line in found:
        dark = reference.blind(line, low, high)
        for row in by_stream[line.name]:
            certain.extend(_without((row.first, row.core_end), dark))
            reach = (
                max(low, low if row.before is None else row.before),
                min(high, high if row.after is None else row.after),
            )
            possible.extend(reference.clip([reach], low, high))
            gaps.append(reach[1] - reach[0])
            outages.append(reference.length([(row.first, row.core_end)], outside=dark))
    whole = [(low, high)]
    assert seen.downtime_s * 1e6 == pytest.approx(reference.length(certain, whole))
    assert seen.downtime_at_most_s * 1e6 == pytest.approx(reference.length(possible, whole))
    assert seen.longest_silence_s * 1e6 == pytest.approx(max(outages))
    assert seen.longest_gap_s * 1e6 == pytest.approx(max(gaps))


@PATIENT
@given(scenes())
def test_episodes(scene):
    found = scene[0]
    seen, weights = judged(*scene)
    groups = reference.target_outages(rows_of(found, weights))
    expected = sorted(
        (
            min(rows[0].first for _, rows in group),
            max(rows[-1].last for _, rows in group),
            sum(len(row.shots) for _, rows in group for row in rows),
            sorted({name for name, _ in group}),
            pytest.approx(reference.worst_share(group, len(found)), abs=1e-6),
        )
        for group in groups
    )
    told = sorted(
        (
            round(outage.start_s * 1e6),
            round(outage.end_s * 1e6),
            outage.failures,
            list(outage.streams),
            outage.share,
        )
        for outage in seen.outages
    )
    assert told == expected
    assert seen.outage_set.count == len(groups)
    dark = {line.name: reference.blind(line, *scene[1:]) for line in found}
    certain = [
        [
            part
            for name, rows in group
            for part in _without((rows[0].first, rows[-1].core_end), dark[name])
        ]
        for group in groups
    ]
    longest = max((reference.length(parts) for parts in certain), default=0)
    assert seen.longest_outage_s * 1e6 == pytest.approx(longest)


@PATIENT
@given(scenes(most=1), span_trees())
def test_attribution_of_outages(scene, spans):
    seen, _ = judged(*scene, spans)
    for outage in seen.stream_outages:
        expected = reference.innermost(
            spans, outage.start_s, max(outage.end_s, outage.start_s + 1e-6)
        )
        assert set(outage.cause.spans) == set(expected)


@PATIENT
@given(scenes(), st.integers(1, 200_000))
def test_chance_to_see_a_hole(scene, hole):
    found, low, high = scene
    seen, weights = judged(*scene)
    missed = total = 0
    for line in found:
        sent = [s.sent for s, proves, _ in weights[line.name] if proves != NO]
        edges = [low, *(time for time in sent if low <= time < high), high]
        for one, two in pairwise(edges):
            missed += max(0, two - one - hole)
            total += two - one
    assert seen.coverage.chance_to_see(hole / 1e6) == pytest.approx(1 - missed / total)
    resolution = round(seen.resolution_s * 1e6)
    assert seen.coverage.chance_to_see(resolution / 1e6) >= 0.99
    assert seen.coverage.chance_to_see((resolution - 1) / 1e6) < 0.99


@PATIENT
@given(scenes(most=1), span_trees())
def test_during_cuts_samples_but_not_outages(scene, spans):
    found, low, high = scene
    seen, weights = judged(*scene, spans)
    if not spans:
        return
    asked = [(round(s.start_s * 1e6), round(s.end_s * 1e6)) for s in spans if s.kind == "step"]
    asked = reference.clip(asked, low, high)
    part = seen.during("step")
    line = found[0]
    inside = [entry for entry in weights[line.name] if reference.holds(asked, entry[0].sent)]
    assert part.failures == sum(proves == BAD for _, proves, _ in inside)
    assert part.count == sum(proves != NO for _, proves, _ in inside)
    touching = [
        row.first
        for row in reference.rows(weights[line.name], line.interval)
        if reference.overlap(row.first, row.last + 1, asked) > 0
    ]
    assert [round(outage.start_s * 1e6) for outage in part.stream_outages] == touching


def _pairs(windows_):
    return list(zip(windows_.start_us.tolist(), windows_.end_us.tolist(), strict=True))


def _without(stretch, dark):
    start, end = stretch
    edges = sorted({start, end, *(e for pair in dark for e in pair if start < e < end)})
    return [(left, right) for left, right in pairwise(edges) if not reference.holds(dark, left)]


def test_the_reference_is_not_vacuous():
    """The drawn timelines do have what the properties are about."""
    seen = Counter()

    @settings(PATIENT, max_examples=100, database=None)
    @given(scenes())
    def draw(scene):
        view, _ = judged(*scene)
        seen["outages"] += len(view.stream_outages)
        seen["suspect"] += view.suspect
        seen["censored"] += len(view.counts.latencies.censored_us)
        seen["blind"] += view.blind_share > 0
        seen["joined"] += len(view.stream_outages) > view.outage_set.count
        seen["notes"] += len(view.notes)

    draw()
    kinds = ("outages", "suspect", "censored", "blind", "joined", "notes")
    assert np.all([seen[kind] > 10 for kind in kinds]), seen
