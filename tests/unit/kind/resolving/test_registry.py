"""The client of registries, against one on loopback."""

from __future__ import annotations

import base64
import json
import socket

import pytest

from tests.unit.kind.resolving.serving import SmallRegistry, digest_of
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.resolving.credentials import DockerLogins
from upgrade_e2e.providers.kind.resolving.reference import Repository
from upgrade_e2e.providers.kind.resolving.registry import Registry
from upgrade_e2e.providers.kind.resolving.source import SourceSilent


@pytest.fixture
def logins(tmp_path):
    return DockerLogins(tmp_path / "docker")


def log_in(logins, registry, **entry):
    """What `docker login` leaves."""
    entry = entry or {"auth": base64.b64encode(b"someone:right").decode()}
    logins.folder.mkdir()
    (logins.folder / "config.json").write_text(json.dumps({"auths": {registry.address: entry}}))


def client(registry, logins, name="kindest/node"):
    return Registry(Repository(registry.address, name), logins, answer_s=5.0)


def test_tags_come_from_all_pages(logins):
    with SmallRegistry(page=1).serving() as registry:
        assert client(registry, logins).tags() == ("v1.33.7", "v1.34.3", "v1.34.8", "latest")
        assert len(registry.asked) == 4


def test_a_repository_without_tags_has_none(logins):
    with SmallRegistry(tags=[]).serving() as registry:
        assert client(registry, logins).tags() == ()


@pytest.mark.parametrize("named", [True, False])
def test_the_digest_is_that_of_the_manifest_whether_or_not_it_is_named(logins, named):
    with SmallRegistry(names_digests=named).serving() as registry:
        assert client(registry, logins).digest("v1.34.3") == digest_of("v1.34.3")
        assert client(registry, logins).digest("v1.34.4") is None


def test_a_token_for_nobody_is_fetched_once(logins):
    with SmallRegistry(auth="anonymous").serving() as registry:
        asked = client(registry, logins)
        assert asked.digest("v1.34.3") == digest_of("v1.34.3")
        assert asked.digest("v1.34.8") == digest_of("v1.34.8")
        tokens = [path for _, path, _ in registry.asked if path.startswith("/token")]
        assert len(tokens) == 1
        assert [given for *_, given in registry.asked if given] == ["Bearer good"] * 2


@pytest.mark.parametrize("auth", ["basic", "token"])
def test_the_login_of_docker_is_used(logins, auth):
    with SmallRegistry(auth=auth).serving() as registry:
        log_in(logins, registry)
        assert client(registry, logins).digest("v1.34.3") == digest_of("v1.34.3")


def test_an_identity_token_is_exchanged(logins):
    with SmallRegistry(auth="token").serving() as registry:
        log_in(logins, registry, identitytoken="identity")
        assert client(registry, logins).digest("v1.34.3") == digest_of("v1.34.3")


@pytest.mark.parametrize("auth", ["basic", "token"])
@pytest.mark.parametrize("known", [True, False])
def test_a_refusal_says_how_to_log_in(logins, auth, known):
    with SmallRegistry(auth=auth, password="other").serving() as registry:  # noqa: S106
        if known:
            log_in(logins, registry)
        with pytest.raises(BadInput, match=rf"\(401\).*docker login {registry.address}") as raised:
            client(registry, logins).tags()
        assert not isinstance(raised.value, SourceSilent)


def test_no_password_goes_to_a_realm_that_is_not_safe(logins):
    with SmallRegistry(auth="token", realm="http://registry.example/token").serving() as registry:
        log_in(logins, registry)
        with pytest.raises(BadInput, match="which is not https; no password"):
            client(registry, logins).tags()


def test_a_repository_that_is_not_there_is_named(logins):
    with (
        SmallRegistry().serving() as registry,
        pytest.raises(BadInput, match="no repository other/node; correct --node-image"),
    ):
        client(registry, logins, "other/node").tags()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_registry_that_cannot_answer_now_is_silent(logins, status):
    with (
        SmallRegistry(failing=status).serving() as registry,
        pytest.raises(SourceSilent, match=f"cannot answer now .{status}"),
    ):
        client(registry, logins).digest("v1.34.3")


def test_a_registry_that_is_down_is_silent_and_is_not_asked_again(logins):
    with SmallRegistry().serving() as registry:
        pass
    asked = client(registry, logins)
    with pytest.raises(SourceSilent, match=rf"{registry.address} does not answer .*refused"):
        asked.tags()
    with registry.serving():
        asked.repository = Repository(registry.address, "kindest/node")
        with pytest.raises(SourceSilent):
            asked.tags()
        assert registry.asked == []


@pytest.mark.parametrize(
    "following", ["http://registry.example/v2/x", "/v2/kindest/node/tags/list?n=1000"]
)
def test_a_next_page_elsewhere_or_the_same_one_is_refused(logins, following):
    with (
        SmallRegistry(page=1, next_page=following).serving() as registry,
        pytest.raises(BadInput, match="as the next page of its tags"),
    ):
        client(registry, logins).tags()


def test_what_is_no_registry_is_refused(logins):
    with (
        SmallRegistry(failing=418).serving() as registry,
        pytest.raises(BadInput, match="does not answer as a registry does"),
    ):
        client(registry, logins).tags()


def test_neither_a_proxy_nor_a_netrc_comes_between(logins, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with SmallRegistry().serving() as registry:
        assert client(registry, logins).digest("v1.34.3") == digest_of("v1.34.3")
        assert {given for *_, given in registry.asked} == {""}


def test_a_registry_that_takes_the_call_and_says_nothing_is_silent(logins):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        asked = Registry(Repository(address, "kindest/node"), logins, answer_s=0.1)
        with pytest.raises(SourceSilent, match="no answer in time"):
            asked.tags()
