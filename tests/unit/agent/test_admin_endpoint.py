"""The prober's endpoint: only who has the spec's token reads samples or stops it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.unit.agent.rig import TOKEN, Agent, Rig, await_outcome, free_port, http
from upgrade_e2e.agent.admin_endpoint import AdminEndpoint
from upgrade_e2e.agent.layout import TOKEN_HEADER
from upgrade_e2e.agent.prober import Prober
from upgrade_e2e.agent.reactor import Reactor
from upgrade_e2e.errors import E2eError
from upgrade_e2e.observers.link import LocalLink, get_json

CLOSED = [
    ("GET", "/clock"),
    ("GET", "/status"),
    ("GET", "/spool"),
    ("GET", "/spool/boot/meta.json"),
    ("GET", "/elsewhere"),
    ("POST", "/stop"),
    ("POST", "/elsewhere"),
]
WRONG: dict[str, dict[str, str]] = {
    "no token": {},
    "an empty token": {TOKEN_HEADER: ""},
    "a wrong token": {TOKEN_HEADER: TOKEN[:-1] + "x"},
    "the beginning of the token": {TOKEN_HEADER: TOKEN[:5]},
    "a token that is not ASCII": {TOKEN_HEADER: "\xe4\xf6\xfc"},
    "the token in another header": {"Authorization": f"Bearer {TOKEN}"},
}


@pytest.fixture(scope="module")
def prober(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """A prober whose target refuses."""
    rig = Rig(tmp_path_factory.mktemp("admin"))
    yield rig.probe(http(free_port()))
    rig.close()


def ask(agent: Agent, method: str, path: str, headers: dict[str, str]) -> Any:
    """One request with these headers only."""
    with urllib3.HTTPConnectionPool("127.0.0.1", agent.port, retries=False, timeout=10) as pool:
        return pool.request(method, path, headers=headers)


@pytest.mark.parametrize(("method", "path"), CLOSED)
@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG)
def test_nothing_is_done_without_the_token(
    prober: Agent, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = ask(prober, method, path, headers)
    assert answer.status == 403
    assert "needs the token of the prober's spec" in answer.json()["error"]
    assert prober.get("/status")["stopped"] is False


def test_a_refused_client_may_go_on_with_the_token(prober: Agent) -> None:
    """Over the same connection."""
    pool = urllib3.HTTPConnectionPool("127.0.0.1", prober.port, maxsize=1, timeout=10)
    assert pool.request("GET", "/status").status == 403
    assert pool.request("GET", "/status", headers={TOKEN_HEADER.lower(): TOKEN}).status == 200
    assert pool.num_connections == 1
    pool.close()


def test_readiness_needs_no_token(prober: Agent) -> None:
    answer = ask(prober, "GET", "/readyz", {})
    assert (answer.status, answer.data) == (200, b"ok\n")


def test_a_link_with_the_token_reads_and_stops(rig: Rig) -> None:
    prober = rig.probe(http(free_port()))
    await_outcome(prober, "refused")
    with pytest.raises(E2eError, match="answered 403 to POST /stop"):
        LocalLink(prober.port, "wrong").request("POST", "/stop")
    link = LocalLink(prober.port, TOKEN)
    assert get_json(link, "/status")["stopped"] is False
    assert json.loads(link.request("POST", "/stop")) == {"stopped": True}
    assert get_json(link, "/status")["stopped"] is True


def test_the_token_stays_out_of_what_is_served(prober: Agent) -> None:
    files = [f"/spool/{name}" for name in prober.get("/spool")]
    paths = ("/status", "/spool", "/clock", *files)
    served = [prober.pool.request("GET", path).data.decode("latin-1") for path in paths]
    assert len(served) > 3
    assert not [text for text in served if TOKEN in text]


def test_a_workload_needs_no_token(rig: Rig) -> None:
    server = rig.serve()
    for method, path in (("GET", "/"), ("GET", "/readyz"), ("GET", "/outages")):
        assert ask(server, method, path, {}).status == 200
    assert ask(server, "POST", "/outage?kind=503&ms=1", {}).status == 200


def test_a_spec_without_a_token_is_refused(tmp_path: Path) -> None:
    with contextlib.closing(Reactor()) as reactor:
        prober = Prober({"run": "run", "streams": []}, tmp_path, reactor)
        with pytest.raises(ValueError, match="the token of the spec is empty"):
            AdminEndpoint("127.0.0.1:0", "", prober, reactor)
