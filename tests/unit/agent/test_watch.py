"""Acknowledged writes come out of the watch, or they are a timeout."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.unit.agent.canary_server import Canary, canary_server
from tests.unit.agent.rig import Rig, answers_of, await_outcome, collect, outcomes, sent_records


def streams(port: int, watch_timeout_s: float = 10.0) -> list[dict[str, Any]]:
    """A writer of one ConfigMap and the watch that is paired with it."""
    url = f"http://127.0.0.1:{port}/api/v1/namespaces/x/configmaps"
    shared = {"observer": "api", "interval_s": 0.02}
    write = {
        **shared,
        "name": "write",
        "kind": "http",
        "timeout_s": 10,
        "url": f"{url}/canary",
        "connection": "reused",
        "method": "PATCH",
        "body": '{"data": {"seq": "{seq}"}}',
        "headers": {"Content-Type": "application/merge-patch+json"},
    }
    watch = {
        **shared,
        "name": "watch",
        "kind": "watch",
        "timeout_s": watch_timeout_s,
        "url": url,
        "object": "canary",
        "writer": "write",
    }
    return [watch, write]


def test_each_acknowledged_write_is_seen(rig: Rig) -> None:
    canary = Canary()
    with canary_server(canary) as port:
        prober = rig.probe(*streams(port))
        await_outcome(prober, "ok", "api.watch", count=30)
        segment = collect(prober)
    writes, seen = sent_records(segment, "api.write"), segment.records["api.watch"]
    assert answers_of(segment, "api.watch") == {"ok"}
    assert len(seen) == len(writes)
    assert canary.watches == 1
    # A sample of the watch begins when the write is acknowledged, so while the write is counted.
    begun = np.sort(seen["intended_us"])
    assert np.all(begun <= np.sort(writes["intended_us"] + writes["latency_us"]))
    assert np.all(begun >= np.sort(writes["intended_us"] + writes["lateness_us"]))


def test_a_watch_that_ends_in_good_order_is_taken_up_again(rig: Rig) -> None:
    canary = Canary(events_per_watch=3)
    with canary_server(canary) as port:
        prober = rig.probe(*streams(port))
        assert set(await_outcome(prober, "ok", "api.watch", count=40)) == {"ok"}
    assert canary.watches > 5
    assert canary.lists == 1


def test_a_watch_that_has_expired_is_listed_anew(rig: Rig) -> None:
    canary = Canary(events_per_watch=3)
    with canary_server(canary) as port:
        prober = rig.probe(*streams(port))
        await_outcome(prober, "ok", "api.watch", count=10)
        canary.expired = True
        before = outcomes(prober, "api.watch")["ok"]
        assert set(await_outcome(prober, "ok", "api.watch", count=before + 20)) == {"ok"}
    assert canary.lists == 2


def test_a_half_open_watch_is_noticed_and_opened_anew(rig: Rig) -> None:
    canary = Canary()
    with canary_server(canary) as port:
        prober = rig.probe(*streams(port, watch_timeout_s=0.5))
        await_outcome(prober, "ok", "api.watch", count=10)
        canary.mute()
        await_outcome(prober, "timeout", "api.watch", count=3)
        before = outcomes(prober, "api.watch")["ok"]
        await_outcome(prober, "ok", "api.watch", count=before + 30)
    assert canary.watches >= 2


def test_without_acknowledged_writes_there_is_nothing_to_see(rig: Rig) -> None:
    with canary_server(Canary()) as port:
        watch, write = streams(port)
        prober = rig.probe(watch, {**write, "url": "http://127.0.0.1:1/", "interval_s": 0.05})
        await_outcome(prober, "refused", "api.write", count=5)
        assert outcomes(prober, "api.watch") == {}
