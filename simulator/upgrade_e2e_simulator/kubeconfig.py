"""The kubeconfig of a simulated cluster, in the shape of kind's."""

from __future__ import annotations

import base64
import json
from pathlib import Path

__all__ = ["write_kubeconfig"]


def write_kubeconfig(
    path: Path, cluster: str, server: str, authority: bytes, admin: tuple[bytes, bytes]
) -> None:
    """Write it, readable by the owner only; `admin` is a certificate and its key, all in PEM.

    JSON is YAML, so no YAML writer is needed.
    """
    name = f"sim-{cluster}"
    certificate, key = admin
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "current-context": name,
        "clusters": [
            {
                "name": name,
                "cluster": {"certificate-authority-data": _text(authority), "server": server},
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "users": [
            {
                "name": name,
                "user": {
                    "client-certificate-data": _text(certificate),
                    "client-key-data": _text(key),
                },
            }
        ],
    }
    part = path.with_name(path.name + ".part")
    part.touch(mode=0o600)
    part.write_text(json.dumps(config, indent=1), encoding="utf-8")
    part.replace(path)


def _text(pem: bytes) -> str:
    return base64.b64encode(pem).decode()
