"""What a deletion does: at once, after a grace period, or when the last finalizer is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from upgrade_e2e_simulator.api.resources import Resource
from upgrade_e2e_simulator.api.status import bad_request, other_uid
from upgrade_e2e_simulator.api.times import now
from upgrade_e2e_simulator.store import Object, name_of

__all__ = ["DeleteOptions", "is_over", "mark"]

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
_FINALIZER = {"Foreground": FOREGROUND, "Orphan": ORPHAN}


@dataclass(frozen=True)
class DeleteOptions:
    """How to delete. `grace_s` None means what the object says."""

    grace_s: int | None = None
    propagation: str = "Background"
    uid: str = ""
    resource_version: str = ""
    dry_run: bool = False

    @classmethod
    def parse(cls, body: Any, query: dict[str, str]) -> DeleteOptions:
        """From a DeleteOptions object and the query, which wins. Raises 400."""
        body = body or {}
        if not isinstance(body, dict):
            raise bad_request("DeleteOptions must be an object")
        grace = query.get("gracePeriodSeconds", body.get("gracePeriodSeconds"))
        propagation: Any = query.get("propagationPolicy") or body.get("propagationPolicy")
        if body.get("orphanDependents"):
            propagation = "Orphan"
        if propagation not in {None, "Background", *_FINALIZER}:
            raise bad_request(f"propagationPolicy {propagation!r} is not supported")
        required = body.get("preconditions") or {}
        return cls(
            grace_s=None if grace is None else int(grace),
            propagation=propagation or "Background",
            uid=required.get("uid") or "",
            resource_version=required.get("resourceVersion") or "",
            dry_run=bool(query.get("dryRun") or body.get("dryRun")),
        )

    def check(self, resource: Resource, obj: Object) -> None:
        """Raises 409 when the object is not the one that was meant."""
        meta = obj["metadata"]
        for key, wanted in (("uid", self.uid), ("resourceVersion", self.resource_version)):
            if wanted and wanted != meta.get(key):
                field = "UID" if key == "uid" else "ResourceVersion"
                why = (
                    f"Precondition failed: {field} in precondition: {wanted}, "
                    f"{field} in object meta: {meta.get(key)}"
                )
                raise other_uid(resource, name_of(obj), why)


def mark(resource: Resource, obj: Object, options: DeleteOptions) -> Object:
    """`obj` with its deletion written into it; `is_over` says whether it may go at once."""
    meta = dict(obj["metadata"])
    grace_s = _grace_s(resource, obj, options)
    if "deletionTimestamp" not in meta or grace_s < meta.get("deletionGracePeriodSeconds", 0):
        meta["deletionTimestamp"] = now(grace_s)
        meta["deletionGracePeriodSeconds"] = grace_s
    finalizer = _FINALIZER.get(options.propagation)
    if finalizer and finalizer not in (meta.get("finalizers") or ()):
        meta["finalizers"] = [*(meta.get("finalizers") or ()), finalizer]
    marked = {**obj, "metadata": meta}
    if resource.name == "namespaces":
        marked["status"] = {**obj.get("status", {}), "phase": "Terminating"}
    return marked


def _grace_s(resource: Resource, obj: Object, options: DeleteOptions) -> int:
    if resource.name != "pods":
        return 0
    over = obj.get("status", {}).get("phase") in {"Succeeded", "Failed"}
    if over or not obj["spec"].get("nodeName"):
        return 0
    if options.grace_s is not None:
        return max(0, options.grace_s)
    return int(obj["spec"].get("terminationGracePeriodSeconds") or 0)


def is_over(resource: Resource, obj: Object) -> bool:
    """Whether nothing keeps an object that is marked as deleted."""
    meta = obj["metadata"]
    if "deletionTimestamp" not in meta or meta.get("finalizers"):
        return False
    if resource.name == "namespaces":
        return not obj["spec"].get("finalizers")
    return bool(meta.get("deletionGracePeriodSeconds", 0) == 0)
