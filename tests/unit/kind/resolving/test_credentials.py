"""The logins that docker keeps."""

from __future__ import annotations

import base64
import json
import os

import pytest

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.resolving.credentials import DockerLogins, Login

PAIR = base64.b64encode(b"me:se:cret").decode()


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """Writes docker's configuration, and helpers; returns the logins."""
    folder = tmp_path / "docker"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def write(config, **helpers):
        text = config if isinstance(config, str) else json.dumps(config)
        (folder / "config.json").write_text(text)
        for name, script in helpers.items():
            file = tmp_path / f"docker-credential-{name}"
            file.write_text(f"#!/bin/sh\n{script}\n")
            file.chmod(0o755)
        return DockerLogins.of_user()

    return write


def test_without_a_configuration_there_is_no_login(tmp_path):
    assert DockerLogins(tmp_path).login("docker.io") is None


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("127.0.0.1:5000", "127.0.0.1:5000"),
        ("https://reg.example/v2/", "reg.example"),
        ("https://index.docker.io/v1/", "docker.io"),
    ],
)
def test_a_login_is_found_as_docker_writes_it(docker, key, registry):
    logins = docker({"auths": {key: {"auth": PAIR}, "other.example": {}}})
    assert logins.login(registry) == Login("me", "se:cret")
    assert logins.login("other.example") is None


def test_a_helper_is_asked_for_the_registry(docker):
    answer = 'read -r key; echo "{\\"Username\\": \\"$key\\", \\"Secret\\": \\"s\\"}"'
    logins = docker(
        {"credsStore": "all", "credHelpers": {"a.example": "one"}},
        all=answer,
        one=('echo \'{"Username": "<token>", "Secret": "t"}\''),
    )
    assert logins.login("docker.io") == Login("https://index.docker.io/v1/", "s")
    assert logins.login("a.example") == Login(identity_token="t")  # noqa: S106


def test_a_helper_that_knows_none_is_no_error(docker):
    said = "echo credentials not found in native keychain; exit 1"
    assert docker({"credsStore": "all"}, all=said).login("a.example") is None


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo locked; exit 1", "gives no login for a.example.*locked"),
        ("echo hello", "something else than a login"),
        (None, "docker-credential-all gives no login"),
    ],
)
def test_a_helper_that_fails_is_named(docker, script, said):
    helpers = {} if script is None else {"all": script}
    with pytest.raises(BadInput, match=said):
        docker({"credsStore": "all"}, **helpers).login("a.example")


@pytest.mark.parametrize(
    ("config", "said"),
    [("{", "cannot be read"), ({"auths": {"a.example": {"auth": "%"}}}, "as docker writes it")],
)
def test_a_damaged_configuration_is_refused(docker, config, said):
    with pytest.raises(BadInput, match=said):
        docker(config).login("a.example")


def test_a_password_is_not_shown():
    assert "cret" not in repr(Login("me", "cret", "cret"))
