"""Scrapes: the numbers of a page come back, and a page without them is a bad answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.unit.agent.rig import Rig, answers_of, await_outcome, collect, misbehaving
from tests.unit.agent.test_exposition import PAGE
from upgrade_e2e.agent.place import at_node
from upgrade_e2e.agent.server import answer_bytes


def scrape(port: int, *metrics: str, **settings: object) -> dict[str, object]:
    """A scrape of a port of this machine."""
    facts = {"observer": "etcd", "name": "scrape", "kind": "scrape", "interval_s": 0.02}
    url = f"http://127.0.0.1:{port}/metrics"
    return {**facts, "timeout_s": 10, "url": url, "metrics": list(metrics), **settings}


def page_with(text: bytes):
    """A handler that answers with `text` in many pieces, as a long page comes."""

    def handle(peer) -> None:
        asked.append(peer.recv(4096))
        whole = answer_bytes(200, b"# filler\n" * 20_000 + text, close=True)
        for start in range(0, len(whole), 50_000):
            peer.sendall(whole[start : start + 50_000])

    asked: list[bytes] = []
    handle.asked = asked  # type: ignore[attr-defined]
    return handle


def test_values_come_back_with_their_times(rig: Rig) -> None:
    with misbehaving(page_with(PAGE)) as port:
        prober = rig.probe(scrape(port, "rtt_bucket", "etcd_server_has_leader"))
        await_outcome(prober, "ok", "etcd.scrape")
        segment = collect(prober)
    fetches = int((segment.records["etcd.scrape"]["outcome"] == 0).sum())
    rows = segment.readings["etcd.scrape"]
    assert answers_of(segment, "etcd.scrape") == {"ok"}
    names = [metric for metric, _ in segment.series["etcd.scrape"]]
    assert names == ["rtt_bucket"] * 3 + ["etcd_server_has_leader"]
    for number, value in enumerate((3.0, 5.0, 10.0, 1.0)):
        mine = rows[rows["series"] == number]
        assert len(mine) == fetches
        assert set(mine["value"]) == {value}
        assert np.all(np.diff(mine["at_us"]) > 0)


def test_a_page_without_the_metrics_is_a_bad_answer(rig: Rig) -> None:
    with misbehaving(page_with(PAGE)) as port:
        prober = rig.probe(scrape(port, "rtt"))
        await_outcome(prober, "bad-answer", "etcd.scrape")
        segment = collect(prober)
    assert answers_of(segment, "etcd.scrape") == {"bad-answer"}
    assert len(segment.readings["etcd.scrape"]) == 0


def test_the_token_of_a_file_is_sent_and_stays_out_of_the_spool(rig: Rig, tmp_path: Path) -> None:
    handle = page_with(PAGE)
    token = tmp_path / "token"
    token.write_text("secret\n")
    with misbehaving(handle) as port:
        prober = rig.probe(scrape(port, "rtt_bucket", token_file=str(token)))
        await_outcome(prober, "ok", "etcd.scrape")
        collect(prober)
    assert b"Authorization: Bearer secret\r\n" in handle.asked[0]
    (meta,) = (rig.folder / "spool").glob("*/*/meta.json")
    assert "secret" not in meta.read_text()


def test_without_its_token_nothing_is_sent(rig: Rig, tmp_path: Path) -> None:
    handle = page_with(PAGE)
    with misbehaving(handle) as port:
        prober = rig.probe(scrape(port, "rtt_bucket", token_file=str(tmp_path / "none")))
        status = rig.agents[0].get("/status")
        while not status["streams"]["etcd.scrape"]["outcomes"].get("not-sent", 0) >= 3:
            status = prober.get("/status")
    assert handle.asked == []


def test_settings_name_the_node_that_the_agent_is_on() -> None:
    settings = [{"url": "https://{node_ip}:10250/{node_name}", "body": "{seq}", "rate": 1}]
    assert at_node(settings, {"NODE_NAME": "worker", "NODE_IP": "10.0.0.7"}) == [
        {"url": "https://10.0.0.7:10250/worker", "body": "{seq}", "rate": 1}
    ]
    (six,) = at_node(settings, {"NODE_NAME": "worker", "NODE_IP": "fd00::7"})
    assert six["url"] == "https://[fd00::7]:10250/worker"
    assert at_node(settings, {}) == settings
