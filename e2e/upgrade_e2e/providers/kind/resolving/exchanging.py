"""One request to a registry or to the place where it gives its tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from upgrade_e2e.providers.kind.resolving.reference import is_loopback
from upgrade_e2e.providers.kind.resolving.source import SourceSilent

__all__ = ["ANSWER_S", "exchange", "read_json"]

CONNECT_S = 3.0
"""For each address of a registry, and it may have many."""
ANSWER_S = 10.0


def exchange(
    method: str,
    url: str,
    *,
    host: str,
    authorization: str = "",
    answer_s: float = ANSWER_S,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    data: Mapping[str, str] | None = None,
) -> requests.Response:
    """Send one request; raises SourceSilent, which names `host`, where no answer comes."""
    with requests.Session() as session:
        # Proxies of the environment are for other machines.
        session.trust_env = not is_loopback(urlsplit(url).netloc)
        try:
            return session.request(
                method,
                url,
                params=params,
                data=data,
                headers=headers,
                auth=_Header(authorization),
                timeout=(CONNECT_S, answer_s),
            )
        except requests.RequestException as error:
            raise SourceSilent(f"the registry {host} does not answer ({_why(error)})") from error


def read_json(answer: requests.Response) -> dict[str, Any]:
    """The object that an answer is; empty for one that is none."""
    try:
        read = answer.json()
    except requests.exceptions.JSONDecodeError:
        return {}
    return read if isinstance(read, dict) else {}


class _Header(AuthBase):
    """Exactly this Authorization, and none from a ~/.netrc."""

    def __init__(self, value: str) -> None:
        self.value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.value:
            request.headers["Authorization"] = self.value
        return request


def _why(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted here, or it does not speak TLS"
    cause = error.args[0] if error.args else error
    return str(getattr(cause, "reason", cause)).rpartition("): ")[2]
