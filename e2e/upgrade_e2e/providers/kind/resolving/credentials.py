"""What docker knows about logging in to registries: its configuration and its helpers."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from upgrade_e2e.cluster.image_names import DOCKER_HUB
from upgrade_e2e.command import Runner
from upgrade_e2e.errors import BadInput, CommandFailed
from upgrade_e2e.providers.kind.resolving.reference import Repository

__all__ = ["DockerLogins", "Login"]

HUB_KEY = "https://index.docker.io/v1/"
HELPER_S = 20.0
_TOKEN_USER = "<token>"  # noqa: S105 - the name that helpers give to an identity token


@dataclass(frozen=True)
class Login:
    """A user and a password, or an identity token, which registries exchange for others."""

    user: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """The value of an Authorization header with user and password."""
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return f"Basic {pair}"


@dataclass(frozen=True)
class DockerLogins:
    """The logins that docker keeps in `folder`/config.json, or in the helpers it names there."""

    folder: Path
    host: Runner = field(default_factory=Runner)

    @classmethod
    def of_user(cls) -> DockerLogins:
        """Those of $DOCKER_CONFIG, or else of ~/.docker."""
        named = os.environ.get("DOCKER_CONFIG")
        return cls(Path(named) if named else Path.home() / ".docker")

    def login(self, registry: str) -> Login | None:
        """The login for a registry; None where docker has none.

        Raises BadInput for a configuration that cannot be read and a helper that fails.
        """
        config = self._config()
        helpers = _table(config, "credHelpers")
        helper = _entry(helpers, registry) or config.get("credsStore")
        key = HUB_KEY if registry == DOCKER_HUB else registry
        if helper:
            return self._ask_helper(str(helper), key)
        entry = _entry(_table(config, "auths"), registry)
        return _login_of(entry, self._file) if entry else None

    @property
    def _file(self) -> Path:
        return self.folder / "config.json"

    def _config(self) -> Mapping[str, Any]:
        try:
            read = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise BadInput(
                f"docker's configuration {self._file} cannot be read ({error}); correct it, or "
                "name another folder in DOCKER_CONFIG."
            ) from error
        return read if isinstance(read, dict) else {}

    def _ask_helper(self, helper: str, key: str) -> Login | None:
        try:
            done = self.host.run(
                f"docker-credential-{helper}", "get", timeout_s=HELPER_S, stdin=key
            )
            answer = json.loads(done.stdout)
            user, secret = str(answer["Username"]), str(answer["Secret"])
        except CommandFailed as error:
            if "credentials not found" in error.output:
                return None
            raise BadInput(
                f"docker's helper docker-credential-{helper} gives no login for {key}; correct it, "
                f"or remove it from {self._file}. It said: {error.output.strip()[-200:]}"
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"docker's helper docker-credential-{helper} answers something else than a login; "
                f"correct it, or remove it from {self._file}."
            ) from error
        if user == _TOKEN_USER:
            return Login(identity_token=secret)
        return Login(user, secret)


def _table(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = config.get(key)
    return found if isinstance(found, dict) else {}


def _entry(table: Mapping[str, Any], registry: str) -> Any:
    """The entry of a registry; docker writes hosts, and once wrote URLs."""
    return next((value for key, value in table.items() if _host(key) == registry), None)


def _host(key: str) -> str:
    bare = key.partition("://")[2] or key
    return Repository.parse(f"{bare.partition('/')[0]}/x").host


def _login_of(entry: Any, file: Path) -> Login | None:
    if not isinstance(entry, dict):
        return None
    if entry.get("identitytoken"):
        return Login(identity_token=str(entry["identitytoken"]))
    if entry.get("auth"):
        try:
            user, _, password = (
                base64.b64decode(entry["auth"], validate=True).decode().partition(":")
            )
        except (binascii.Error, UnicodeDecodeError) as error:
            raise BadInput(
                f"a login in {file} is not as docker writes it ({error}); `docker login` again."
            ) from error
        return Login(user, password.strip("\0"))
    if entry.get("username") and entry.get("password"):
        return Login(str(entry["username"]), str(entry["password"]))
    return None
