"""The credential provider: it gives a credential for a service account token of the cluster.

It stands in for the identity service of a cloud: it checks the token against the keys that the
cluster publishes, and signs a credential with a key of its own. Both are the real thing; the
signature is what an exchange costs.
"""

from __future__ import annotations

import argparse
import json
import os
import ssl
import threading
import time
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any

from .plain_http import PlainServer, ask, serve_until_term, shown
from .tokens import (
    BadToken,
    SigningKey,
    UnknownKey,
    VerifyingKey,
    proven_claims,
    signed_token,
)

ISSUER = "upgrade-e2e"
_LIFE_S = 3600
_IN_CLUSTER = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_KEYS_PATH = "/openid/v1/jwks"
_ASK_S = 5.0
_AGAIN_S = 1.0
_NOT_AGAIN_S = 10.0
"""Tokens with a made-up key make nobody ask the API server more often than that."""
_TROUBLE = (OSError, HTTPException, ValueError, KeyError)


class ClusterKeys:
    """The keys with which the cluster signs service account tokens, as its API server shows them.

    They are kept, so that the provider goes on while the API server is away.
    """

    def __init__(self, url: str, folder: Path) -> None:
        """`url` is where they are; `folder` has the provider's own token and the cluster's CA."""
        self._url, self._folder = url, folder
        self._read_s = 0.0
        self.known: Mapping[str, VerifyingKey] = {}
        self.trouble = "not asked yet"

    def read(self) -> None:
        """Ask for them now. What goes wrong is kept in `trouble`, and the known keys stay."""
        self._read_s = time.monotonic()
        try:
            self.known = self._ask()
        except _TROUBLE as error:
            self.trouble = f"{type(error).__name__}: {error}"
        else:
            self.trouble = ""

    def read_again(self) -> None:
        """Ask again, unless that was done just now."""
        if time.monotonic() - self._read_s >= _NOT_AGAIN_S:
            self.read()

    def read_until_there(self) -> None:
        """Ask until the API server has answered once."""
        while not self.known:
            self.read()
            if self.trouble:
                print(f"the keys of the cluster cannot be read: {self.trouble}", flush=True)
                time.sleep(_AGAIN_S)

    def _ask(self) -> dict[str, VerifyingKey]:
        token = (self._folder / "token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        status, body = ask("GET", self._url, headers=headers, timeout_s=_ASK_S, tls=self._trusted())
        if status != 200:
            raise ValueError(f"the API server answered {status}: {shown(body)}")
        return {jwk["kid"]: VerifyingKey.of_jwk(jwk) for jwk in json.loads(body)["keys"]}

    def _trusted(self) -> ssl.SSLContext | None:
        if not self._url.startswith("https:"):
            return None
        tls = ssl.create_default_context(cafile=self._folder / "ca.crt")
        # Python 3.13 is strict by default, and the CAs of clusters are not.
        tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return tls


class Provider:
    """Exchanges tokens for credentials."""

    def __init__(self, key: SigningKey, audience: str, keys: ClusterKeys) -> None:
        self._key, self._audience, self._keys = key, audience, keys

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """See plain_http.Answerer."""
        if path == "/readyz":
            return (200 if self._keys.known else 503), {"trouble": self._keys.trouble}
        if method != "POST" or path != "/issue":
            return 404, {"error": f"nothing at {path}"}
        try:
            claims = self._proven(str(json.loads(body)["token"]))
            return 200, {"credential": self._issued(claims)}
        except BadToken as error:
            return 401, {"error": f"the token proves nothing: {error}"}
        except (ValueError, KeyError, TypeError) as error:
            return 400, {"error": f"no token in the body: {type(error).__name__}: {error}"}

    def _proven(self, token: str) -> dict[str, Any]:
        try:
            return proven_claims(token, self._keys.known, self._audience, time.time())
        except UnknownKey:  # the cluster may have a new one
            self._keys.read_again()
            return proven_claims(token, self._keys.known, self._audience, time.time())

    def _issued(self, claims: Mapping[str, Any]) -> str:
        pod = (claims.get("kubernetes.io") or {}).get("pod") or {}
        now_s = int(time.time())
        said = {
            "iss": ISSUER,
            "sub": claims.get("sub", ""),
            "pod": pod.get("name", ""),
            "aud": self._audience,
            "iat": now_s,
            "exp": now_s + _LIFE_S,
        }
        return signed_token(said, self._key)


def keys_url() -> str:
    """Where a pod finds the keys of its cluster."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    address = f"[{host}]" if ":" in host else host
    return f"https://{address}:{port}{_KEYS_PATH}"


def be_provider(args: argparse.Namespace) -> None:
    """Issue credentials until SIGTERM."""
    account = Path(args.account) if args.account else _IN_CLUSTER
    keys = ClusterKeys(args.keys_url or keys_url(), account)
    key = SigningKey.of_jwk(json.loads(Path(args.signing_key).read_text()))
    threading.Thread(target=keys.read_until_there, daemon=True).start()
    provider = Provider(key, args.audience, keys)
    serve_until_term(PlainServer(args.bind, provider.answer), args.ready_file)
