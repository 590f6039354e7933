"""The cluster's CA, the API server's certificate, and the administrator's."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

__all__ = ["client_pair", "server_context"]

_LIFE = timedelta(days=365)
"""A year, as kubeadm's certificates have."""


def client_pair(authority: trustme.CA, user: str, group: str) -> tuple[bytes, bytes]:
    """A client's certificate and key in PEM: the user is its common name, the group its O."""
    issued = authority.issue_cert(
        user, common_name=user, organization_name=group, not_after=datetime.now(UTC) + _LIFE
    )
    return issued.cert_chain_pems[0].bytes(), issued.private_key_pem.bytes()


def server_context(authority: trustme.CA, names: list[str], folder: Path) -> ssl.SSLContext:
    """TLS for the API server at these names and addresses; its files are written to `folder`.

    Client certificates are asked for and checked, not required.
    """
    issued = authority.issue_cert(
        *names, common_name="kube-apiserver", not_after=datetime.now(UTC) + _LIFE
    )
    certificate, key = issued.cert_chain_pems[0].bytes(), issued.private_key_pem.bytes()
    files = {
        "ca.crt": authority.cert_pem.bytes(),
        "apiserver.crt": certificate,
        "apiserver.key": key,
    }
    for name, data in files.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_bytes(data)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.set_alpn_protocols(["http/1.1"])
    return context
