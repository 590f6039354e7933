"""Who is asking: a client certificate of the cluster's CA, a bearer token, or nobody."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from upgrade_e2e_simulator.api.status import StatusError, forbidden, unauthorized

__all__ = ["ANONYMOUS", "Identity", "Tokens", "admit"]

MASTERS = "system:masters"
_OPEN_TO_ALL = ("/livez", "/readyz", "/healthz", "/version")


@dataclass(frozen=True)
class Identity:
    """A user and the groups that the user is in."""

    user: str
    groups: tuple[str, ...] = ()

    @property
    def is_master(self) -> bool:
        """Whether no role is needed: allowed even before RBAC is loaded."""
        return MASTERS in self.groups


ANONYMOUS = Identity("system:anonymous", ("system:unauthenticated",))


@dataclass
class Tokens:
    """Bearer tokens and whom they stand for."""

    _known: dict[str, Identity] = field(default_factory=dict)

    def issue(self, namespace: str, account: str) -> str:
        """A new token for a service account."""
        token = secrets.token_urlsafe(32)
        self._known[token] = Identity(
            f"system:serviceaccount:{namespace}:{account}",
            ("system:serviceaccounts", f"system:serviceaccounts:{namespace}"),
        )
        return token

    def identify(self, token: str) -> Identity:
        """Whose token it is. Raises 401."""
        identity = self._known.get(token)
        if identity is None:
            raise unauthorized()
        return identity


def identify(request: web.BaseRequest, tokens: Tokens) -> Identity:
    """Who sent the request. Raises 401 for a token that is not known."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return tokens.identify(token.strip())
    certificate = request.get_extra_info("peercert")
    return _named_in(certificate) if certificate else ANONYMOUS


def _named_in(certificate: Any) -> Identity:
    names = [pair for entry in certificate.get("subject", ()) for pair in entry]
    users = [value for key, value in names if key == "commonName"]
    groups = tuple(value for key, value in names if key == "organizationName")
    return Identity(users[0] if users else "", (*groups, "system:authenticated"))


def admit(identity: Identity, method: str, path: str, *, rbac_loaded: bool) -> None:
    """Refuse those who may not (403). A known user may do everything once RBAC is loaded."""
    if path.startswith(_OPEN_TO_ALL) or identity.is_master:
        return
    if identity is ANONYMOUS or not rbac_loaded:
        raise _refusal(identity, method, path)


def _refusal(identity: Identity, method: str, path: str) -> StatusError:
    verb = method.lower()
    message = f'forbidden: User "{identity.user}" cannot {verb} path "{path}"'
    return forbidden(None, "", message)
