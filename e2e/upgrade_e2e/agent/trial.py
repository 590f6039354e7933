"""The process in the pod of a small Deployment that comes and goes to see whether it can.

At its start it exchanges its token for a credential, as programs do that act in the name of a
cloud's identity. Until it has one it is not ready.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import threading
import time
from http.client import HTTPException
from pathlib import Path
from typing import Any

from .plain_http import PlainServer, ask, serve_until_term, shown
from .webhook import PROVIDER_ENV, TOKEN_ENV

_ASK_S = 2.0
"""What botocore waits for a credential of a container (utils.py, ContainerMetadataFetcher)."""
_AGAIN_S = 0.5
_TROUBLE = (OSError, HTTPException, ValueError, KeyError)


class Exchange:
    """Asks the provider again and again until there is a credential.

    `provider` and `token_file` are empty in a pod that was admitted without them: then it never
    gets one.
    """

    def __init__(self, provider: str, token_file: str) -> None:
        self._url, self._token_file = f"{provider}/issue", token_file
        self._began_s = time.monotonic()
        self._took_s = 0.0
        self.injected = bool(provider and token_file)
        self.tries = 0
        self.credential = ""
        self.trouble = "" if self.injected else "the pod was admitted without a credential"

    def run(self) -> None:
        """Return once there is a credential, or none can come."""
        while self.injected and not self.credential:
            self.tries += 1
            try:
                found = self._asked()
            except _TROUBLE as error:
                self.trouble = f"{type(error).__name__}: {error}"
                time.sleep(_AGAIN_S)
            else:
                self._took_s = time.monotonic() - self._began_s
                self.trouble, self.credential = "", found

    def state(self) -> dict[str, Any]:
        """How far it is: when it began to ask, counted back from now, and how long it took."""
        return {
            "injected": self.injected,
            "asked_ago_s": round(time.monotonic() - self._began_s, 6),
            "took_s": round(self._took_s, 6) if self.credential else None,
            "tries": self.tries,
            "trouble": self.trouble,
        }

    def _asked(self) -> str:
        body = json.dumps({"token": Path(self._token_file).read_text().strip()}).encode()
        status, answer = ask("POST", self._url, body=body, timeout_s=_ASK_S)
        if status != 200:
            raise ValueError(f"the provider answered {status}: {shown(answer)}")
        return str(json.loads(answer)["credential"])


class Trial:
    """What the pod answers: ready with a credential, and how far it is without one."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._name = os.environ.get("POD_NAME", socket.gethostname())

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:  # noqa: ARG002
        """See plain_http.Answerer. `/state` is answered with 200 at any time."""
        credential = self._exchange.credential
        said = {"pod": self._name, "credential": credential, **self._exchange.state()}
        return (200 if credential or path == "/state" else 503), said


def be_trial(args: argparse.Namespace) -> None:
    """Get a credential and answer with it until SIGTERM."""
    exchange = Exchange(os.environ.get(PROVIDER_ENV, ""), os.environ.get(TOKEN_ENV, ""))
    threading.Thread(target=exchange.run, daemon=True).start()
    serve_until_term(PlainServer(args.bind, Trial(exchange).answer), args.ready_file)
