"""Errors as the API server sends them: an HTTP code and a Status object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from upgrade_e2e_simulator.api.resources import Resource
from upgrade_e2e_simulator.store import Object

__all__ = [
    "StatusError",
    "already_exists",
    "bad_request",
    "cause",
    "conflict",
    "expired",
    "forbidden",
    "gateway_timeout",
    "invalid",
    "method_not_allowed",
    "no_field_manager",
    "not_found",
    "not_run",
    "other_uid",
    "path_not_found",
    "success",
    "too_many_requests",
    "unauthorized",
    "unavailable",
    "unsupported_media_type",
]


class StatusError(Exception):
    """A request that the API server refuses; `status` is the body of the answer."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: dict[str, Any] | None = None,
        retry_after_s: int = 0,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.retry_after_s = retry_after_s

    @property
    def status(self) -> Object:
        """The Status object."""
        body: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        body["code"] = self.code
        return body


def success(resource: Resource, name: str, uid: str) -> Object:
    """The answer to a deletion that is over."""
    details = {"name": name, "kind": resource.plural, "uid": uid}
    if resource.group:
        details["group"] = resource.group
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    }


def _about(resource: Resource, name: str, **more: Any) -> dict[str, Any]:
    about: dict[str, Any] = {"name": name} if name else {}
    if resource.group:
        about["group"] = resource.group
    return {**about, "kind": resource.plural, **more}


def not_found(resource: Resource, name: str) -> StatusError:
    """404: no object of that name."""
    message = f'{resource.name} "{name}" not found'
    return StatusError(404, "NotFound", message, _about(resource, name))


def path_not_found() -> StatusError:
    """404: nothing is served at this path."""
    message = "the server could not find the requested resource"
    return StatusError(404, "NotFound", message, {})


def already_exists(resource: Resource, name: str) -> StatusError:
    """409: creation of what is there."""
    message = f'{resource.name} "{name}" already exists'
    return StatusError(409, "AlreadyExists", message, _about(resource, name))


_MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


def conflict(resource: Resource, name: str, why: str = _MODIFIED) -> StatusError:
    """409: an update from a resourceVersion, or of a uid, that is no longer the current one."""
    message = f'Operation cannot be fulfilled on {resource.name} "{name}": {why}'
    return StatusError(409, "Conflict", message, _about(resource, name))


def cause(field: str, message: str, reason: str = "FieldValueInvalid") -> dict[str, str]:
    """One thing that is wrong with an object, for `invalid`."""
    return {"reason": reason, "message": message, "field": field}


def invalid(resource: Resource, name: str, causes: Iterable[dict[str, str]]) -> StatusError:
    """422: an object that breaks the rules of its kind."""
    listed = list(causes)
    said = [f"{item['field']}: {item['message']}" for item in listed]
    text = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    about: dict[str, Any] = {"name": name} if name else {}
    if resource.group:
        about["group"] = resource.group
    return StatusError(
        422,
        "Invalid",
        f'{resource.kind}{"." + resource.group if resource.group else ""} "{name}" is invalid: '
        f"{text}",
        {**about, "kind": resource.kind, "causes": listed},
    )


def no_field_manager() -> StatusError:
    """422: a server-side apply that does not say whose fields these are."""
    why = cause("fieldManager", "Required value: is required for apply patch", "FieldValueRequired")
    message = f'PatchOptions.meta.k8s.io "" is invalid: {why["field"]}: {why["message"]}'
    about = {"group": "meta.k8s.io", "kind": "PatchOptions", "causes": [why]}
    return StatusError(422, "Invalid", message, about)


def other_uid(resource: Resource, name: str, why: str) -> StatusError:
    """409: the name is now that of another object; the kind is named as the storage names it."""
    refused = conflict(resource, name, why)
    refused.details = {**(refused.details or {}), "kind": resource.kind}
    return refused


def bad_request(message: str) -> StatusError:
    """400: a request that cannot be understood."""
    return StatusError(400, "BadRequest", message)


def unauthorized() -> StatusError:
    """401: credentials that are not valid."""
    return StatusError(401, "Unauthorized", "Unauthorized")


def forbidden(resource: Resource | None, name: str, message: str) -> StatusError:
    """403: not allowed."""
    about = _about(resource, name) if resource else {}
    return StatusError(403, "Forbidden", message, about)


def method_not_allowed() -> StatusError:
    """405: the path exists, the method does not."""
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message, {})


def not_run(resource: Resource, name: str) -> StatusError:
    """405: a kind that nothing here acts on, so that it would be stored for nothing."""
    message = (
        f"a simulated cluster does not run {resource.kind} ({resource.api_version}): nothing here "
        "would act on it, so it is not stored. Leave it out of the manifest, or use a real API "
        "server, such as a kind cluster (--provider kind) or envtest."
    )
    return StatusError(405, "MethodNotAllowed", message, _about(resource, name))


def unsupported_media_type(accepted: Iterable[str], hint: str = "") -> StatusError:
    """415: a body in a format that is not spoken."""
    message = (
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(accepted)
        + hint
    )
    return StatusError(415, "UnsupportedMediaType", message, {})


def expired(message: str) -> StatusError:
    """410: history that is no longer kept."""
    return StatusError(410, "Expired", message)


def too_many_requests(
    message: str, retry_after_s: int = 10, causes: Iterable[dict[str, str]] = ()
) -> StatusError:
    """429: try again later; for an eviction, the budget does not allow it now."""
    details: dict[str, Any] = {"causes": listed} if (listed := list(causes)) else {}
    return StatusError(429, "TooManyRequests", message, details, retry_after_s)


def gateway_timeout(message: str, retry_after_s: int = 0) -> StatusError:
    """504: the storage, or what was waited for, did not answer in time."""
    return StatusError(504, "Timeout", message, {}, retry_after_s)


def unavailable(message: str) -> StatusError:
    """503: what stands behind the API server cannot be reached."""
    return StatusError(503, "ServiceUnavailable", message, {})
