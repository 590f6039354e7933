"""The patch formats of kubectl: JSON patch, strategic merge, server-side apply."""

from __future__ import annotations

from collections.abc import Mapping

import jsonpatch
import jsonpointer

from upgrade_e2e_simulator.api.extras import PatchFormat, PatchRequest
from upgrade_e2e_simulator.api.status import StatusError, bad_request, cause
from upgrade_e2e_simulator.api.times import now
from upgrade_e2e_simulator.kubectl.apply import ApplyConflict, apply_configuration
from upgrade_e2e_simulator.kubectl.ownership import Manager
from upgrade_e2e_simulator.kubectl.strategic import BadPatch, strategic_merge
from upgrade_e2e_simulator.store import Object

__all__ = ["FORMATS", "json_patch"]


def json_patch(live: Object, sent: PatchRequest) -> Object:
    """`live` after a list of operations (RFC 6902). Raises 422."""
    try:
        patched = jsonpatch.JsonPatch(sent.body).apply(live)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError) as error:
        raise _rejected(str(error)) from error
    if not isinstance(patched, dict):
        raise _rejected("the patch does not leave an object")
    return patched


def _rejected(why: str) -> StatusError:
    message = f"the server rejected our request due to an error in our request: {why}"
    return StatusError(422, "Invalid", message, {})


def _strategic(live: Object, sent: PatchRequest) -> Object:
    try:
        return strategic_merge(live, sent.body)
    except BadPatch as error:
        raise bad_request(str(error)) from error


def _applied(live: Object, sent: PatchRequest) -> Object:
    if not isinstance(sent.body, dict):
        raise bad_request("the configuration to apply must be an object")
    manager = Manager(sent.manager, "Apply")
    try:
        return apply_configuration(live, sent.body, manager, now(), force=sent.force)
    except ApplyConflict as error:
        raise _conflicts(error) from error


def _conflicts(error: ApplyConflict) -> StatusError:
    listed = [
        cause(path, f'conflict with "{who}"', "FieldManagerConflict")
        for who, path in error.conflicts
    ]
    lines = [f"{item['message']}: {item['field']}" for item in listed]
    count = len(listed)
    head = f"Apply failed with {count} conflict{'s' if count > 1 else ''}: "
    body = lines[0] if count == 1 else "conflicts:\n- " + "\n- ".join(lines)
    return StatusError(409, "Conflict", head + body, {"causes": listed})


FORMATS: Mapping[str, PatchFormat] = {
    "application/json-patch+json": PatchFormat(json_patch),
    "application/strategic-merge-patch+json": PatchFormat(_strategic),
    "application/apply-patch+yaml": PatchFormat(_applied, creates=True),
}
"""Media type to format; merge patches are the server's own."""
