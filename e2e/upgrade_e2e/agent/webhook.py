"""The admission webhook: it gives pods what they need to get a credential.

That is what cloud providers do for pods that act in their name: a service account token for an
audience of its own, mounted into each container, and the address at which it is exchanged.
"""

from __future__ import annotations

import argparse
import base64
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .plain_http import PlainServer, serve_until_term

VOLUME = "upgrade-e2e-credential"
"""What the volume with the token is called in a pod, which shows that the pod went through here."""
PROVIDER_ENV, TOKEN_ENV = "CREDENTIAL_PROVIDER", "CREDENTIAL_TOKEN_FILE"
_FOLDER, _FILE = "/var/run/secrets/upgrade-e2e", "token"
_TOKEN_LIFE_S = 600
"""The shortest that an API server takes."""


@dataclass(frozen=True)
class Injector:
    """Answers reviews of pods; `provider` is the URL of the credential provider."""

    provider: str
    audience: str

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """See plain_http.Answerer."""
        if path == "/readyz":
            return 200, {"ready": True}
        if method != "POST" or path != "/mutate":
            return 404, {"error": f"nothing at {path}"}
        try:
            request = json.loads(body)["request"]
            return 200, self._review(request["uid"], request["object"])
        except (ValueError, KeyError, TypeError) as error:
            return 400, {"error": f"no review of a pod: {type(error).__name__}: {error}"}

    def _review(self, uid: str, pod: Mapping[str, Any]) -> dict[str, Any]:
        patch = json.dumps(list(self.patch(pod))).encode()
        response = {
            "uid": uid,
            "allowed": True,
            "patchType": "JSONPatch",
            "patch": base64.b64encode(patch).decode(),
        }
        return {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "response": response,
        }

    def patch(self, pod: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The changes to a pod, as a JSON patch (RFC 6902), whose `add` also replaces."""
        spec = pod["spec"]
        token = {"audience": self.audience, "expirationSeconds": _TOKEN_LIFE_S, "path": _FILE}
        volume = {"name": VOLUME, "projected": {"sources": [{"serviceAccountToken": token}]}}
        yield _added("/spec/volumes", spec.get("volumes"), volume)
        mount = {"name": VOLUME, "mountPath": _FOLDER, "readOnly": True}
        where = {"name": PROVIDER_ENV, "value": self.provider}
        file = {"name": TOKEN_ENV, "value": f"{_FOLDER}/{_FILE}"}
        for number, container in enumerate(spec["containers"]):
            place = f"/spec/containers/{number}"
            yield _added(f"{place}/volumeMounts", container.get("volumeMounts"), mount)
            yield _added(f"{place}/env", container.get("env"), where, file)


def _added(path: str, known: list[Any] | None, *more: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": [*(known or ()), *more]}


def be_webhook(args: argparse.Namespace) -> None:
    """Serve reviews until SIGTERM."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(args.cert_file, args.key_file)
    injector = Injector(args.provider, args.audience)
    serve_until_term(PlainServer(args.bind, injector.answer, tls), args.ready_file)
