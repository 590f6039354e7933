"""A drain is looked at while it runs."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from tests.unit.cluster.test_evictions import budget, pod
from upgrade_e2e.cluster import drain_watch as module
from upgrade_e2e.cluster.drain_watch import DrainWatch

PODS = "/api/v1/pods?fieldSelector=spec.nodeName%3Ddev-worker"
BUDGETS = "/apis/policy/v1/poddisruptionbudgets"
HELD = "waits for shop/web: budget shop/web allows 0 of 1 (minAvailable 1)"


def test_what_it_waits_for_is_noted_next_to_the_drain(api, cluster, monkeypatch):
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    api.answers |= {PODS: {"items": [pod()]}, BUDGETS: {"items": [budget()]}}
    noted = threading.Event()
    said: list[str] = []

    def note(words: str) -> None:
        said.append(words)
        noted.set()

    with DrainWatch(cluster, "dev-worker", 300, note) as watch:
        assert noted.wait(30)
    assert said[0] == HELD
    assert watch.seen[0].pod == "shop/web"


def test_more_pods_are_counted(api, cluster):
    pods = [pod(), pod(name="web-2"), pod(name="web-3")]
    api.answers |= {PODS: {"items": pods}, BUDGETS: {"items": [budget()]}}
    said: list[str] = []
    DrainWatch(cluster, "dev-worker", 300, said.append).look()
    assert said == [f"{HELD}, and 2 more"]


def test_an_api_that_does_not_answer_leaves_what_was_seen(api, cluster):
    api.answers |= {
        PODS: [{"items": [pod()]}, (503, {})],
        BUDGETS: {"items": [budget()]},
    }
    said: list[str] = []
    watch = DrainWatch(cluster, "dev-worker", 300, said.append)
    watch.look()
    before = watch.seen
    watch.look()
    assert watch.seen == before
    assert len(before) == len(said) == 1


def test_the_clock_of_this_machine_counts(api, cluster):
    leaving = pod(deletionTimestamp=datetime.now(UTC).isoformat(), deletionGracePeriodSeconds=400)
    api.answers |= {PODS: {"items": [leaving]}, BUDGETS: {"items": []}}
    watch = DrainWatch(cluster, "dev-worker", 300, lambda _: None)
    watch.look()
    assert "after its grace period" in watch.seen[0].failed
