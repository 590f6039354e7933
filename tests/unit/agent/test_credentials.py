"""The webhook, the credential provider and the pod that needs both, as processes on loopback."""

from __future__ import annotations

import base64
import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonpatch
import pytest
import trustme
import urllib3

from tests.unit.agent.keys import jwk_of, new_key, public_jwk_of
from tests.unit.agent.rig import SOON, Agent, Rig
from upgrade_e2e.agent.credentials import ClusterKeys, Provider
from upgrade_e2e.agent.plain_http import PlainServer
from upgrade_e2e.agent.tokens import SigningKey, VerifyingKey, proven_claims, signed_token
from upgrade_e2e.agent.trial import Exchange, Trial
from upgrade_e2e.agent.webhook import VOLUME, Injector
from upgrade_e2e.wait import wait_for

CLUSTER_KEY, PROVIDER_KEY, NEW_KEY = new_key(), new_key(), new_key()
AUDIENCE = "bank"
PROVEN_BY = {"own": VerifyingKey.of_jwk(jwk_of(PROVIDER_KEY, "own"))}


class Cluster:
    """An API server that shows keys, as far as the provider asks it."""

    def __init__(self) -> None:
        self.keys = [public_jwk_of(CLUSTER_KEY, "cluster")]
        self.status = 200
        self.asked = 0
        self.server = PlainServer("127.0.0.1:0", self._answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}/openid/v1/jwks"

    def _answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        assert (method, path, body) == ("GET", "/openid/v1/jwks", b"")
        self.asked += 1
        return self.status, {"keys": self.keys}


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def account(tmp_path: Path) -> Path:
    """The folder of the provider's own service account."""
    folder = tmp_path / "account"
    folder.mkdir()
    (folder / "token").write_text("of the provider\n")
    return folder


def token_for(
    pod: str = "web-1", key: Any = CLUSTER_KEY, name: str = "cluster", **more: Any
) -> str:
    """A token as the cluster gives it to a pod."""
    claims = {
        "aud": [AUDIENCE],
        "exp": time.time() + 60,
        "sub": "system:serviceaccount:shop:default",
        "kubernetes.io": {"namespace": "shop", "pod": {"name": pod}},
        **more,
    }
    return signed_token(claims, SigningKey.of_jwk(jwk_of(key, name)))


def issue(agent: Agent, token: str) -> tuple[int, dict[str, Any]]:
    answer = agent.pool.request("POST", "/issue", body=json.dumps({"token": token}))
    return answer.status, answer.json()


@pytest.fixture
def provider(rig: Rig, cluster: Cluster, account: Path, tmp_path: Path) -> Agent:
    key = tmp_path / "key.json"
    key.write_text(json.dumps(jwk_of(PROVIDER_KEY, "own")))
    agent = rig.start(
        "credentials", "--bind=127.0.0.1:0", f"--signing-key={key}", f"--audience={AUDIENCE}",
        f"--keys-url={cluster.url}", f"--account={account}",
    )  # fmt: skip
    wait_for(
        "the keys of the cluster",
        lambda: agent.pool.request("GET", "/readyz").status,
        lambda status: status == 200,
        SOON,
    )
    return agent


def test_a_token_becomes_a_credential_of_its_pod(provider: Agent) -> None:
    status, said = issue(provider, token_for("web-7"))
    assert status == 200
    claims = proven_claims(said["credential"], PROVEN_BY, AUDIENCE, time.time())
    assert (claims["pod"], claims["sub"]) == ("web-7", "system:serviceaccount:shop:default")


@pytest.mark.parametrize(
    ("token", "status", "words"),
    [
        (token_for(aud=["shop"]), 401, "meant for"),
        (token_for(exp=1), 401, "over"),
        (token_for(key=NEW_KEY), 401, "does not fit"),
        (token_for(key=NEW_KEY, name="made up"), 401, "not known"),
        ("nonsense", 401, "three parts"),
    ],
)
def test_a_token_that_proves_nothing_gets_no_credential(
    provider: Agent, token: str, status: int, words: str
) -> None:
    found, said = issue(provider, token)
    assert found == status
    assert words in said["error"]
    assert "credential" not in said


def test_what_is_no_request_is_refused(provider: Agent) -> None:
    assert provider.pool.request("POST", "/issue", body=b"[]").status == 400
    assert provider.pool.request("POST", "/issue", body=b"{").status == 400
    assert provider.pool.request("GET", "/issue").status == 404
    assert provider.pool.request("POST", "/elsewhere").status == 404


def test_it_goes_on_while_the_api_server_is_away(provider: Agent, cluster: Cluster) -> None:
    cluster.status = 500
    assert issue(provider, token_for())[0] == 200
    assert provider.pool.request("GET", "/readyz").status == 200


def test_it_ends_at_once_when_it_is_to(provider: Agent) -> None:
    issue(provider, token_for())
    assert provider.end(signal.SIGTERM) == 0


def in_process(cluster: Cluster, account: Path) -> tuple[ClusterKeys, Provider]:
    """A provider without a process of its own."""
    keys = ClusterKeys(cluster.url, account)
    return keys, Provider(SigningKey.of_jwk(jwk_of(PROVIDER_KEY, "own")), AUDIENCE, keys)


def test_without_the_keys_of_the_cluster_it_is_not_ready(cluster: Cluster, account: Path) -> None:
    keys, provider = in_process(cluster, account)
    assert provider.answer("GET", "/readyz", b"")[0] == 503
    cluster.status = 403
    keys.read()
    status, said = provider.answer("GET", "/readyz", b"")
    assert status == 503
    assert "the API server answered 403" in said["trouble"]
    cluster.status = 200
    keys.read()
    assert provider.answer("GET", "/readyz", b"") == (200, {"trouble": ""})


def test_a_key_that_is_new_is_read_once_and_not_asked_for_again_and_again(
    cluster: Cluster, account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("upgrade_e2e.agent.credentials._NOT_AGAIN_S", 0.0)
    keys, provider = in_process(cluster, account)
    keys.read()
    body = json.dumps({"token": token_for(key=NEW_KEY, name="new")}).encode()
    assert provider.answer("POST", "/issue", body)[0] == 401
    cluster.keys.append(public_jwk_of(NEW_KEY, "new"))
    assert provider.answer("POST", "/issue", body)[0] == 200
    asked = cluster.asked
    monkeypatch.setattr("upgrade_e2e.agent.credentials._NOT_AGAIN_S", 3600.0)
    other = json.dumps({"token": token_for(key=NEW_KEY, name="newer")}).encode()
    assert provider.answer("POST", "/issue", other)[0] == 401
    assert cluster.asked == asked


def test_a_pod_asks_until_it_has_a_credential(
    provider: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("upgrade_e2e.agent.trial._AGAIN_S", 0.02)
    token = tmp_path / "token"
    exchange = Exchange(f"http://127.0.0.1:{provider.port}", str(token))
    trial = Trial(exchange)
    thread = threading.Thread(target=exchange.run, daemon=True)
    thread.start()
    wait_for("a try", lambda: exchange.tries, lambda tries: tries > 1, SOON)
    assert trial.answer("GET", "/readyz", b"")[0] == 503
    status, said = trial.answer("GET", "/state", b"")
    assert (status, said["injected"], said["took_s"]) == (200, True, None)
    assert "FileNotFoundError" in said["trouble"]
    token.write_text(token_for("web-3"))
    thread.join(30)
    status, said = trial.answer("GET", "/", b"")
    assert status == 200
    assert 0 < said["took_s"] <= said["asked_ago_s"]
    claims = proven_claims(said["credential"], PROVEN_BY, AUDIENCE, time.time())
    assert claims["pod"] == "web-3"


def test_a_pod_that_was_admitted_without_is_never_ready(rig: Rig) -> None:
    agent = rig.start("trial", "--bind=127.0.0.1:0")
    assert agent.pool.request("GET", "/readyz").status == 503
    said = agent.get("/state")
    assert said["injected"] is False
    assert said["trouble"] == "the pod was admitted without a credential"


def review(pod: dict[str, Any]) -> bytes:
    """The question that an API server asks about a pod."""
    request = {"uid": "17", "operation": "CREATE", "object": pod}
    return json.dumps({"kind": "AdmissionReview", "request": request}).encode()


BARE = {"metadata": {}, "spec": {"containers": [{"name": "web"}]}}
FULL = {
    "metadata": {},
    "spec": {
        "volumes": [{"name": "data"}],
        "containers": [
            {
                "name": "web",
                "env": [{"name": "A", "value": "1"}],
                "volumeMounts": [{"name": "data"}],
            },
            {"name": "side"},
        ],
    },
}


@pytest.mark.parametrize("pod", [BARE, FULL])
def test_every_container_gets_a_token_and_keeps_what_it_has(pod: dict[str, Any]) -> None:
    injector = Injector("http://10.0.0.9:80", AUDIENCE)
    status, answer = injector.answer("POST", "/mutate", review(pod))
    response = answer["response"]
    assert (status, response["uid"], response["allowed"]) == (200, "17", True)
    patch = base64.b64decode(response["patch"]).decode()
    changed = jsonpatch.apply_patch(pod, patch)["spec"]
    *kept, volume = changed["volumes"]
    assert kept == pod["spec"].get("volumes", [])
    assert volume["name"] == VOLUME
    (source,) = volume["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == AUDIENCE
    for before, after in zip(pod["spec"]["containers"], changed["containers"], strict=True):
        env = {one["name"]: one["value"] for one in after["env"]}
        assert env["CREDENTIAL_PROVIDER"] == "http://10.0.0.9:80"
        mount = after["volumeMounts"][-1]
        assert env["CREDENTIAL_TOKEN_FILE"] == f"{mount['mountPath']}/token"
        assert after["volumeMounts"][:-1] == before.get("volumeMounts", [])
        assert after["env"][:-2] == before.get("env", [])


def test_what_is_no_review_of_a_pod_is_refused() -> None:
    injector = Injector("http://10.0.0.9:80", AUDIENCE)
    for body in (b"", b"[]", b"{}", b'{"request": {"uid": "1", "object": {}}}'):
        assert injector.answer("POST", "/mutate", body)[0] == 400
    assert injector.answer("GET", "/mutate", b"")[0] == 404


def test_the_webhook_answers_over_tls_also_next_to_a_client_that_says_nothing(
    rig: Rig, tmp_path: Path
) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "tls.crt")
    issued.private_key_pem.write_to_path(tmp_path / "tls.key")
    agent = rig.start(
        "webhook", "--bind=127.0.0.1:0", f"--cert-file={tmp_path / 'tls.crt'}",
        f"--key-file={tmp_path / 'tls.key'}", "--provider=http://10.0.0.9:80",
        f"--audience={AUDIENCE}",
    )  # fmt: skip
    url = f"https://localhost:{agent.port}"
    with (
        socket.create_connection(("127.0.0.1", agent.port)),
        urllib3.PoolManager(ca_certs=str(tmp_path / "ca.crt"), timeout=20) as pool,
    ):
        answer = pool.request("POST", f"{url}/mutate?timeout=5s", body=review(BARE))
        assert answer.json()["response"]["allowed"] is True
        assert pool.request("GET", f"{url}/readyz").status == 200
