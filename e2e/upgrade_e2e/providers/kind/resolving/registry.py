"""A registry, asked with the OCI distribution API: which tags there are, and their digests.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md; tokens as in
https://distribution.github.io/distribution/spec/auth/token/.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.utils import parse_dict_header

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.resolving.credentials import DockerLogins, Login
from upgrade_e2e.providers.kind.resolving.exchanging import ANSWER_S, exchange, read_json
from upgrade_e2e.providers.kind.resolving.reference import Repository, is_loopback
from upgrade_e2e.providers.kind.resolving.source import SourceSilent

__all__ = ["Registry"]

PAGE = 1000
MOST_PAGES = 100
MANIFEST_TYPES = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CHALLENGE = re.compile(r"(basic|bearer)\s+(.*)", re.IGNORECASE | re.DOTALL)
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


@dataclass
class Registry:
    """One repository of a registry.

    Its methods raise SourceSilent where the registry does not answer or cannot at the moment, and
    BadInput where it refuses.
    """

    repository: Repository
    logins: DockerLogins = field(default_factory=DockerLogins.of_user)
    answer_s: float = ANSWER_S
    _authorization: str = field(default="", init=False, repr=False)
    _silent: SourceSilent | None = field(default=None, init=False, repr=False)

    def tags(self) -> tuple[str, ...]:
        """All tags of the repository; raises BadInput for a repository that is not there."""
        url = f"{self.repository.url}{self.repository.name}/tags/list?n={PAGE}"
        found: list[str] = []
        for _ in range(MOST_PAGES):
            answer = self._ask("GET", url)
            if answer.status_code == HTTPStatus.NOT_FOUND:
                raise BadInput(
                    f"the registry {self.repository.host} has no repository "
                    f"{self.repository.name}; correct --node-image."
                )
            found += _tags_in(answer, self.repository)
            following = answer.links.get("next", {}).get("url")
            if not following:
                return tuple(found)
            url = self._next_page(url, following)
        raise BadInput(
            f"the registry {self.repository.host} lists more than {MOST_PAGES} pages of tags of "
            f"{self.repository.name}; name the images with --image-for."
        )

    def digest(self, tag: str) -> str | None:
        """The digest of a tag, an image index's where it is one; None for a tag that is not there.

        `tag` may be a digest too.
        """
        url = f"{self.repository.url}{self.repository.name}/manifests/{tag}"
        answer = self._ask("HEAD", url)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        named = answer.headers.get("Docker-Content-Digest", "")
        if answer.ok and _DIGEST.fullmatch(named):
            return named
        # A registry need not name the digest: it is the hash of the manifest.
        answer = self._ask("GET", url)
        if not answer.ok:
            raise _strange(self.repository, answer)
        return f"sha256:{hashlib.sha256(answer.content).hexdigest()}"

    def _next_page(self, url: str, following: str) -> str:
        whole = urljoin(url, following)
        if urlsplit(whole).netloc != urlsplit(url).netloc or whole == url:
            raise BadInput(
                f"the registry {self.repository.host} names {whole} as the next page of its tags, "
                "which cannot be; name the images with --image-for."
            )
        return whole

    def _ask(self, method: str, url: str) -> requests.Response:
        """An answer that is no refusal. A registry that was silent is not asked again."""
        if self._silent is not None:
            raise self._silent
        try:
            return self._answer(method, url)
        except SourceSilent as reason:
            self._silent = reason
            raise

    def _answer(self, method: str, url: str) -> requests.Response:
        answer = self._send(method, url, self._authorization)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            challenge = _CHALLENGE.search(answer.headers.get("WWW-Authenticate", ""))
            if challenge:
                self._authorization = self._authorize(challenge[1].lower(), challenge[2])
                answer = self._send(method, url, self._authorization)
        if answer.status_code in _REFUSED:
            raise self._refused(answer.status_code)
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or answer.status_code >= 500:
            raise SourceSilent(
                f"the registry {self.repository.host} cannot answer now ({answer.status_code} "
                f"{answer.reason})"
            )
        return answer

    def _authorize(self, scheme: str, parameters: str) -> str:
        login = self.logins.login(self.repository.host)
        if scheme == "basic":
            if login is None or not login.user:
                raise self._refused(HTTPStatus.UNAUTHORIZED)
            return login.basic
        return f"Bearer {self._token(parse_dict_header(parameters), login)}"

    def _token(self, challenge: Mapping[str, str | None], login: Login | None) -> str:
        realm = challenge.get("realm") or ""
        parts = urlsplit(realm)
        if parts.scheme != "https" and not is_loopback(parts.netloc):
            raise BadInput(
                f"the registry {self.repository.host} asks to log in at {realm or 'nowhere'}, "
                "which is not https, so no password is sent there; name the images with "
                "--image-for."
            )
        asked = {"scope": challenge.get("scope") or f"repository:{self.repository.name}:pull"}
        if service := challenge.get("service"):
            asked["service"] = service
        answer = self._ask_for_token(realm, asked, login)
        if answer.status_code in (*_REFUSED, HTTPStatus.BAD_REQUEST):
            raise self._refused(answer.status_code)
        given = read_json(answer)
        token = given.get("token") or given.get("access_token")
        if not token:
            raise _strange(self.repository, answer)
        return str(token)

    def _ask_for_token(
        self, realm: str, asked: dict[str, str], login: Login | None
    ) -> requests.Response:
        if login is not None and login.identity_token:
            form = {
                **asked,
                "grant_type": "refresh_token",
                "client_id": "upgrade-e2e",
                "refresh_token": login.identity_token,
            }
            more: dict[str, Any] = {"method": "POST", "data": form}
        else:
            authorization = login.basic if login else ""
            more = {"method": "GET", "params": asked, "authorization": authorization}
        return exchange(url=realm, host=self.repository.host, answer_s=self.answer_s, **more)

    def _send(self, method: str, url: str, authorization: str = "") -> requests.Response:
        return exchange(
            method,
            url,
            host=self.repository.host,
            authorization=authorization,
            answer_s=self.answer_s,
            headers={"Accept": MANIFEST_TYPES},
        )

    def _refused(self, status: int) -> BadInput:
        host = self.repository.host
        return BadInput(
            f"the registry {host} does not let this user read {self.repository.name} "
            f"({int(status)}): there is no such repository, or it needs a login. Correct "
            f"--node-image, or `docker login {host}`."
        )


def _tags_in(answer: requests.Response, repository: Repository) -> list[str]:
    tags = read_json(answer).get("tags", ())
    # A repository whose tags are all deleted has null there.
    if not answer.ok or not isinstance(tags, list | None):
        raise _strange(repository, answer)
    return [str(tag) for tag in tags or ()]


def _strange(repository: Repository, answer: requests.Response) -> BadInput:
    return BadInput(
        f"{repository.host} does not answer as a registry does ({answer.status_code} "
        f"{answer.reason} for {urlsplit(answer.url).path}); correct --node-image, or name the "
        "images with --image-for."
    )
