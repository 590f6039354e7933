"""The API's verbs on the store: what the HTTP server and components in the process both call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from upgrade_e2e_simulator.api import status
from upgrade_e2e_simulator.api.addresses import ServiceAddresses
from upgrade_e2e_simulator.api.deletion import DeleteOptions, is_over, mark
from upgrade_e2e_simulator.api.resources import REFUSED, Resource, resource_named
from upgrade_e2e_simulator.api.strategy import check_identity, prepare_creation, prepare_update
from upgrade_e2e_simulator.store import Exists, Key, Object, Stale, Store, name_of, namespace_of

__all__ = ["Registry"]

_RETURNED_WHEN_DELETED = frozenset({"pods", "serviceaccounts", "services"})
_REFUSED = frozenset(resource.name for resource in REFUSED)


@dataclass
class Registry:
    """Creates, reads, updates and deletes objects by the rules of their kind.

    All calls are synchronous and raise StatusError.
    """

    store: Store
    addresses: ServiceAddresses
    namespaces: Resource = field(default_factory=lambda: resource_named("namespaces"))

    def get(self, resource: Resource, namespace: str, name: str) -> Object:
        """The object; 404 when there is none."""
        obj = self.store.get(Key(resource.name, namespace, name))
        if obj is None:
            raise status.not_found(resource, name)
        return obj

    def create(
        self, resource: Resource, namespace: str, body: Object, *, dry_run: bool = False
    ) -> Object:
        """Store a new object: 400, 404 (no namespace), 403 (it is going), 405, 409, 422."""
        check_identity(resource, namespace, "", body)
        if resource.name in _REFUSED:
            raise status.not_run(resource, str((body.get("metadata") or {}).get("name", "")))
        if resource.namespaced:
            self._check_namespace(resource, namespace, body)
        obj = prepare_creation(resource, namespace, body)
        key = Key(resource.name, namespace, name_of(obj))
        if self.store.get(key) is not None:
            raise status.already_exists(resource, key.name)
        if resource.name == "services":
            self.addresses.assign(obj, self.store)
        if dry_run:
            return obj
        try:
            return self.store.create(key, obj)
        except Exists:
            raise status.already_exists(resource, key.name) from None

    def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: Object,
        *,
        subresource: str = "",
        dry_run: bool = False,
    ) -> Object:
        """Replace an object, or its status: 400, 404, 409 (wrong resourceVersion or uid), 422."""
        check_identity(resource, namespace, name, body)
        old = self.get(resource, namespace, name)
        meta = body.get("metadata") or {}
        if meta.get("uid", old["metadata"]["uid"]) != old["metadata"]["uid"]:
            why = (
                f"Precondition failed: UID in precondition: {meta['uid']}, "
                f"UID in object meta: {old['metadata']['uid']}"
            )
            raise status.conflict(resource, name, why)
        new = prepare_update(resource, old, body, subresource)
        return self._replace(resource, old, new, meta.get("resourceVersion") or "", dry_run)

    def change(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        changed: Callable[[Object], Object],
        *,
        subresource: str = "",
        dry_run: bool = False,
    ) -> Object:
        """Read, change and replace an object; a patch is this.

        The change may set metadata.resourceVersion to insist on it (409).
        """
        old = self.get(resource, namespace, name)
        body = changed(old)
        check_identity(resource, namespace, name, body)
        new = prepare_update(resource, old, body, subresource)
        expected = (body.get("metadata") or {}).get("resourceVersion") or ""
        return self._replace(resource, old, new, expected, dry_run)

    def delete(
        self, resource: Resource, namespace: str, name: str, options: DeleteOptions
    ) -> Object:
        """Delete, or begin to: returns the object while it is there, else a Status."""
        obj = self.get(resource, namespace, name)
        options.check(resource, obj)
        marked = mark(resource, obj, options)
        if options.dry_run:
            return marked
        if not is_over(resource, marked):
            return self._replace(resource, obj, marked, "", dry_run=False)
        gone = self.store.remove(Key(resource.name, namespace, name))
        if resource.name in _RETURNED_WHEN_DELETED:
            return gone
        return status.success(resource, name, obj["metadata"]["uid"])

    def put(self, resource: Resource, old: Object, new: Object) -> Object:
        """Replace `old` as it is now by `new`, unprepared: for what only the system changes."""
        return self._replace(resource, old, new, old["metadata"]["resourceVersion"], dry_run=False)

    def _replace(
        self, resource: Resource, old: Object, new: Object, expected: str, dry_run: bool
    ) -> Object:
        key = Key(resource.name, namespace_of(old), name_of(old))
        if expected and expected != old["metadata"]["resourceVersion"]:
            raise status.conflict(resource, key.name)
        if dry_run or new == old:
            return new
        try:
            stored = self.store.update(key, new, old["metadata"]["resourceVersion"])
        except Stale:
            raise status.conflict(resource, key.name) from None
        if is_over(resource, stored):
            return self.store.remove(key)
        return stored

    def _check_namespace(self, resource: Resource, namespace: str, body: Object) -> None:
        space = self.get(self.namespaces, "", namespace)
        if "deletionTimestamp" in space["metadata"]:
            name = str((body.get("metadata") or {}).get("name", ""))
            raise status.forbidden(
                resource,
                name,
                f'{resource.name} "{name}" is forbidden: unable to create new content in '
                f"namespace {namespace} because it is being terminated",
            )
