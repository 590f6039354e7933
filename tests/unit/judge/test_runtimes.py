"""Whether runtimes answered and what their nodes were called meanwhile, from made-up passes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import Limits, Runtimes, view_of
from upgrade_e2e.observers.pod_tracker import STARTED
from upgrade_e2e.timeline import Outcome, Readings, Series, Span
from upgrade_e2e.timeline.kubelet_metrics import NODE_READY

from .made import failing, steady, to_timeline
from .reference import Line, Shot
from .test_pleg import SECOND, Kubelet

WHOLE_S = 300
LIMITS = Limits.default()
STEP = Span("plant runtime-freeze=60s", "plant", 100.0, 160.0)


def pods(*waits, node="worker", every_s=10):
    """Pods that start within a second every so often, and `waits`: (begin, length[, outcome])."""
    usual = [(at, 0.8) for at in range(5, WHOLE_S, every_s) if not any(hit(at, w) for w in waits)]
    shots = [
        Shot(round(w[0] * SECOND), 0, round(w[1] * SECOND), int(w[2] if w[2:] else Outcome.OK))
        for w in sorted([*usual, *waits], key=lambda wait: wait[0])
    ]
    return Line(f"created-to-started@{node}", node, f"pods on {node}", 0, shots)


def hit(at, wait):
    return wait[0] - 1 <= at <= wait[0] + wait[1]


def api(*absences):
    """The API asked every 0.2 s; it fails in `absences`."""
    gone = [n for n in range(WHOLE_S * 5) if any(a <= n / 5 < b for a, b in absences)]
    return steady(
        count=WHOLE_S * 5, interval=SECOND // 5, name="api@host", node="host", fail=failing(gone)
    )


def reader(node="worker", unsent=()):
    """The stream that reads a kubelet."""
    fail = failing(unsent, Outcome.HTTP_5XX)
    return steady(
        count=WHOLE_S // 2, interval=2 * SECOND, name=f"pleg@{node}", node=node, fail=fail
    )


def called(node="worker", *, away=(), not_ready=(), since=0):
    """What the API server says of a node each second."""
    times = [t for t in range(since, WHOLE_S) if not any(a <= t < b for a, b in away)]
    values = [0.0 if any(a <= t < b for a, b in not_ready) else 1.0 for t in times]
    at_us = np.array(times, np.int64) * SECOND
    return Series(NODE_READY, node, {}, at_us, np.array(values))


def kubelet(node="worker", *, unread=(), **trouble):
    times = [t + 0.5 for t in range(0, WHOLE_S, 2) if not any(a <= t < b for a, b in unread)]
    return [replace(one, node=node) for one in Kubelet(**trouble).readings(times).series]


def runtimes(lines, series, limits=LIMITS):
    timeline = to_timeline(lines, 0, WHOLE_S * SECOND, [STEP])
    timeline = replace(timeline, readings={"web": Readings(tuple(series))})
    return Runtimes(view_of(timeline, "web", limits), limits)


def test_the_stream_of_starts_has_the_observers_name():
    assert pods().name.partition("@")[0] == STARTED


def test_where_nothing_freezes_all_is_young_and_nothing_is_said_in_vain():
    found = runtimes([api(), pods(), reader()], [called(), *kubelet()])
    assert found.pleg_age_s < 3
    assert found.silence_s == pytest.approx(0.8)
    assert found.lied_s == 0


def test_a_frozen_runtime_is_seen_by_all_witnesses_and_named_with_its_step_and_node():
    waits = [(101, 60), (111, 50), (121, 40)]
    found = runtimes(
        [api(), pods(*waits), reader(), pods(node="worker2"), reader("worker2")],
        [called(), *kubelet(frozen=[(100, 160)]), called("worker2"), *kubelet("worker2")],
    )
    assert found.pleg_age_s == pytest.approx(58, abs=3)
    assert found.silence_s == pytest.approx(60)
    assert found.lied_s == pytest.approx(60, abs=2)
    said = next(line for line in found.explain().splitlines() if line.startswith("worker:"))
    assert said.count("plant runtime-freeze=60s") == 3
    assert "called Ready for" in said
    fine = next(line for line in found.explain().splitlines() if line.startswith("worker2:"))
    assert "called Ready" not in fine


def test_a_node_that_was_not_ready_is_said_with_its_step():
    found = runtimes([api(), pods(), reader()], [called(not_ready=[(110, 160)]), *kubelet()])
    said = found.explain().splitlines()[0]
    assert "it was not Ready for 49 s from 110.00 s on, plant runtime-freeze=60s" in said
    assert found.lied_s == 0


def test_a_node_that_stops_to_call_itself_ready_has_lied_until_then():
    waits = [(101, 60), (111, 50)]
    found = runtimes([api(), pods(*waits), reader()], [called(not_ready=[(125, 170)]), *kubelet()])
    assert found.lied_s == pytest.approx(23, abs=2)


def test_pods_alone_are_witness_enough_where_the_prober_was_frozen_with_its_node():
    found = runtimes([api(), pods((101, 29))], [called(), *kubelet(unread=[(100, 132)])])
    assert found.silence_s == pytest.approx(29)
    assert found.lied_s == pytest.approx(29, abs=2)


def test_the_kubelet_alone_is_witness_enough_where_no_pods_are_created():
    series = [called("cp"), *kubelet("cp", frozen=[(100, 160)]), called(), *kubelet()]
    found = runtimes([api(), pods(), reader(), reader("cp")], series)
    assert found.lied_s == pytest.approx(58, abs=3)
    assert found.silence_s == pytest.approx(0.8)


def test_a_pod_that_is_slow_where_others_start_is_no_silent_runtime():
    found = runtimes([api(), pods((102, 25), (103, 1), (110, 1), (118, 1), (126, 0.5))], [called()])
    assert found.silence_s < 10
    assert found.lied_s == 0


def test_a_container_that_never_starts_is_silence_until_it_is_given_up():
    found = runtimes([api(), pods((101, 90, Outcome.TIMEOUT))], [called()])
    assert found.silence_s == pytest.approx(90)


def test_what_the_absence_of_the_api_explains_is_left_out():
    """Away from 100 to 150 s; the node hears of it at 175 s, when its pods start."""
    waits = [(99, 76), (152, 23), (160, 15)]
    found = runtimes([api((100, 150)), pods(*waits)], [called(away=[(100, 150)])])
    assert found.silence_s < 10
    assert found.lied_s == 0


def test_a_silence_that_outlasts_the_news_counts():
    """Away for 4 s: a kubelet hears of it within 10 s, and not after a minute."""
    found = runtimes([api((100, 104)), pods((106, 60))], [called(away=[(100, 104)])])
    assert found.silence_s == pytest.approx(60 - 9, abs=3)


def test_a_kubelet_that_is_started_again_is_left_out():
    trouble = {"restarts": [118.0], "unread": [(104, 118)]}
    found = runtimes([api(), pods((104, 16)), reader()], [called(), *kubelet(**trouble)])
    assert found.silence_s < 10
    assert found.pleg_age_s < 5
    assert found.lied_s == 0


def test_while_the_api_is_away_no_node_is_called_ready():
    series = [called(away=[(100, 160)]), *kubelet(frozen=[(100, 160)])]
    found = runtimes([api((100, 160)), pods(), reader()], series)
    assert found.pleg_age_s == pytest.approx(58, abs=3)
    assert found.lied_s < 3


def test_a_kubelet_that_was_hardly_read_makes_its_claim_inconclusive():
    found = runtimes([api(), pods(), reader()], [called(), *kubelet(unread=[(20, 250)])])
    with pytest.raises(Inconclusive, match=r"the kubelet of worker was not read in \d\d"):
        _ = found.pleg_age_s
    assert found.silence_s < 10


def test_a_kubelet_that_was_never_read_makes_its_claim_inconclusive():
    found = runtimes([api(), pods(), reader()], [called()])
    with pytest.raises(Inconclusive, match="the kubelet of worker was not read"):
        _ = found.pleg_age_s


def test_a_node_that_joined_later_is_not_unread_before():
    late = kubelet("worker3", unread=[(0, 230)])
    series = [called(), *kubelet(), called("worker3", since=228), *late]
    found = runtimes([api(), pods(), reader(), reader("worker3")], series)
    assert found.pleg_age_s < 5


def test_nothing_is_claimed_of_a_node_that_joined_and_has_no_prober():
    series = [called(), *kubelet(), called("worker3", since=228)]
    found = runtimes([api(), pods(), reader()], series)
    assert found.pleg_age_s < 3
    assert found.silence_s < 10
    assert found.lied_s == 0


def test_where_no_kubelet_was_to_be_read_the_claim_is_inconclusive():
    with pytest.raises(Inconclusive, match="saw no node whose runtime it could judge"):
        _ = runtimes([api(), pods()], [called()]).pleg_age_s


def test_pods_of_which_none_counts_make_their_claim_inconclusive():
    lone = replace(pods(), shots=[Shot(120 * SECOND, 0, 5 * SECOND, int(Outcome.OK))])
    found = runtimes([api((100, 150)), lone], [called()])
    with pytest.raises(Inconclusive, match="0 pods of worker count"):
        _ = found.silence_s


def test_without_any_word_about_ready_its_claim_is_inconclusive():
    found = runtimes([api(), pods(), reader()], kubelet())
    with pytest.raises(Inconclusive, match="never seen to call a node Ready"):
        _ = found.lied_s


def test_a_limit_that_the_user_sets_says_what_a_silence_is():
    patient = LIMITS.override({"runtime": {"silence_s": 90.0}}, "here")
    found = runtimes([api(), pods((101, 60))], [called()], patient)
    assert found.silence_s == pytest.approx(60)
    assert found.lied_s == 0


def test_a_list_that_is_too_old_is_said_although_the_kubelet_was_hardly_read():
    """Its metrics wait for the frozen runtime: the age shows when it goes on."""
    trouble = {"frozen": [(100, 280)], "unread": [(100, 278)]}
    found = runtimes([api(), pods(), reader()], [called(), *kubelet(**trouble)])
    assert found.pleg_age_s == pytest.approx(178, abs=3)
