"""Deployments: a ReplicaSet for each template, the new one up and the old ones down, in bounds."""

from __future__ import annotations

from collections.abc import Iterable

from upgrade_e2e_simulator.api.times import now
from upgrade_e2e_simulator.controllers.controller import (
    Controller,
    Place,
    controller_of,
    owner_reference,
)
from upgrade_e2e_simulator.controllers.pods import owned_by, rounded, template_hash
from upgrade_e2e_simulator.store import Change, Object, name_of, namespace_of

__all__ = ["DeploymentController"]

_DEPLOYMENTS, _REPLICASETS = "deployments.apps", "replicasets.apps"
_HASH = "pod-template-hash"
_REVISION = "deployment.kubernetes.io/revision"


class DeploymentController(Controller):
    """Rolls by maxSurge and maxUnavailable, or recreates."""

    watches = (_DEPLOYMENTS, _REPLICASETS)
    resyncs = _DEPLOYMENTS

    def places(self, change: Change) -> Iterable[Place]:
        """The Deployment, or the one that controls the ReplicaSet."""
        if change.key.resource == _DEPLOYMENTS:
            return [(change.key.namespace, change.key.name)]
        owner = controller_of(change.new)
        return [(change.key.namespace, owner["name"])] if owner else []

    async def reconcile(self, namespace: str, name: str) -> None:
        """See Controller."""
        deployment = self.client.cached(_DEPLOYMENTS, namespace, name)
        if deployment is None or "deletionTimestamp" in deployment["metadata"]:
            return
        sets = owned_by(self.client, deployment, _REPLICASETS)
        new = self._newest(deployment, sets)
        if new is None and not deployment["spec"].get("paused"):
            new = await self._create(deployment, sets)
        old = [item for item in sets if new is None or name_of(item) != name_of(new)]
        if not deployment["spec"].get("paused") and new is not None:
            await self._roll(deployment, new, old)
        await self._write_status(deployment)

    def _newest(self, deployment: Object, sets: list[Object]) -> Object | None:
        digest = template_hash(deployment["spec"]["template"])
        found = [item for item in sets if item["metadata"]["labels"].get(_HASH) == digest]
        return found[0] if found else None

    async def _create(self, deployment: Object, sets: list[Object]) -> Object:
        template, digest = deployment["spec"]["template"], ""
        digest = template_hash(template)
        labels = {**(template["metadata"].get("labels") or {}), _HASH: digest}
        selector = deployment["spec"]["selector"]
        matched = {**(selector.get("matchLabels") or {}), _HASH: digest}
        replicas = deployment["spec"]["replicas"]
        total = sum(item["spec"]["replicas"] for item in sets)
        surge, _ = _bounds(deployment)
        first = min(replicas, max(0, replicas + surge - total))
        revision = max((_revision(item) for item in sets), default=0) + 1
        created = await self.client.create(
            _REPLICASETS,
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "metadata": {
                    "name": f"{name_of(deployment)}-{digest}",
                    "namespace": namespace_of(deployment),
                    "labels": labels,
                    "annotations": {_REVISION: str(revision)},
                    "ownerReferences": [owner_reference(deployment)],
                },
                "spec": {
                    "replicas": first if _rolls(deployment) or not total else 0,
                    "minReadySeconds": deployment["spec"].get("minReadySeconds", 0),
                    "selector": {**selector, "matchLabels": matched},
                    "template": {
                        **template,
                        "metadata": {**template["metadata"], "labels": labels},
                    },
                },
            },
        )
        await self._annotate(deployment, revision)
        return created

    async def _annotate(self, deployment: Object, revision: int) -> None:
        def annotated(live: Object) -> Object:
            notes = {**(live["metadata"].get("annotations") or {}), _REVISION: str(revision)}
            return {**live, "metadata": {**live["metadata"], "annotations": notes}}

        await self.client.change(_DEPLOYMENTS, deployment, annotated)

    async def _roll(self, deployment: Object, new: Object, old: list[Object]) -> None:
        replicas = deployment["spec"]["replicas"]
        surge, unavailable = _bounds(deployment)
        running = sum(item["status"].get("replicas", 0) for item in old)
        if not _rolls(deployment):
            await self._shrink(old, sum(item["spec"]["replicas"] for item in old))
            if not running:
                await self._scale(new, replicas)
            return
        total = new["spec"]["replicas"] + sum(item["spec"]["replicas"] for item in old)
        wanted = min(replicas, new["spec"]["replicas"] + max(0, replicas + surge - total))
        new = await self._scale(new, wanted)
        await self._scale_down_old(new, old, replicas - unavailable)

    async def _scale_down_old(self, new: Object, old: list[Object], least: int) -> None:
        """Take away old pods: first those that are broken, then as many as `least` allows."""
        total = new["spec"]["replicas"] + sum(item["spec"]["replicas"] for item in old)
        unready_new = new["spec"]["replicas"] - new["status"].get("availableReplicas", 0)
        allowed = total - least - unready_new
        if allowed <= 0:
            return
        for item in old:
            broken = item["spec"]["replicas"] - item["status"].get("availableReplicas", 0)
            allowed -= await self._take(item, min(allowed, broken))
        available = sum(
            item["status"].get("availableReplicas", 0) for item in owned_by_names(self, [new, *old])
        )
        await self._shrink(old, min(allowed, max(0, available - least)))

    async def _shrink(self, old: list[Object], count: int) -> None:
        for item in sorted(old, key=lambda one: one["metadata"]["creationTimestamp"]):
            live = self.client.cached(_REPLICASETS, namespace_of(item), name_of(item))
            if live is not None:
                count -= await self._take(live, min(count, live["spec"]["replicas"]))

    async def _take(self, item: Object, count: int) -> int:
        if count <= 0:
            return 0
        await self._scale(item, item["spec"]["replicas"] - count)
        return count

    async def _scale(self, item: Object, replicas: int) -> Object:
        if item["spec"]["replicas"] == replicas:
            return item
        return await self.client.change(
            _REPLICASETS,
            item,
            lambda live: {**live, "spec": {**live["spec"], "replicas": replicas}},
        )

    async def _write_status(self, deployment: Object) -> None:
        sets = owned_by(self.client, deployment, _REPLICASETS)
        new = self._newest(deployment, sets)
        counts = {
            key: sum(item["status"].get(key, 0) for item in sets)
            for key in ("replicas", "readyReplicas", "availableReplicas")
        }
        wanted = deployment["spec"]["replicas"]
        updated = new["status"].get("replicas", 0) if new is not None else 0
        _, unavailable = _bounds(deployment)
        status: Object = {
            "observedGeneration": deployment["metadata"]["generation"],
            **{key: value for key, value in counts.items() if value},
        }
        if updated:
            status["updatedReplicas"] = updated
        if missing := max(0, wanted - counts["availableReplicas"]):
            status["unavailableReplicas"] = missing
        enough = counts["availableReplicas"] >= wanted - unavailable
        done = updated == wanted == counts["availableReplicas"] == counts["replicas"]
        name = name_of(new) if new is not None else ""
        status["conditions"] = _conditions(deployment, name, enough=enough, done=done)
        await self.client.put_status(_DEPLOYMENTS, deployment, status)


def owned_by_names(controller: Controller, sets: list[Object]) -> list[Object]:
    """The sets as they are in the cache now."""
    live = [
        controller.client.cached(_REPLICASETS, namespace_of(item), name_of(item)) for item in sets
    ]
    return [item for item in live if item is not None]


def _revision(item: Object) -> int:
    return int((item["metadata"].get("annotations") or {}).get(_REVISION, "0"))


def _rolls(deployment: Object) -> bool:
    return str(deployment["spec"]["strategy"]["type"]) == "RollingUpdate"


def _bounds(deployment: Object) -> tuple[int, int]:
    """How many pods more, and how many fewer, than asked for there may be during a rollout."""
    if not _rolls(deployment):
        return 0, int(deployment["spec"]["replicas"])
    rolling, replicas = (
        deployment["spec"]["strategy"]["rollingUpdate"],
        deployment["spec"]["replicas"],
    )
    surge = rounded(rolling["maxSurge"], replicas, up=True)
    unavailable = rounded(rolling["maxUnavailable"], replicas, up=False)
    return surge, unavailable if surge or unavailable else 1


def _conditions(deployment: Object, new: str, *, enough: bool, done: bool) -> list[Object]:
    before = {item["type"]: item for item in deployment.get("status", {}).get("conditions") or ()}
    have = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
    lacking = "has" if enough else "does not have"
    progress = "NewReplicaSetAvailable" if done else "ReplicaSetUpdated"
    told = "has successfully progressed." if done else "is progressing."
    return [
        _condition(
            before, "Available", str(enough), have, f"Deployment {lacking} minimum availability."
        ),
        _condition(before, "Progressing", "True", progress, f'ReplicaSet "{new}" {told}'),
    ]


def _condition(before: dict[str, Object], kind: str, held: str, why: str, said: str) -> Object:
    known = before.get(kind)
    if known is not None and (known["status"], known["reason"], known["message"]) == (
        held,
        why,
        said,
    ):
        return known
    since = known["lastTransitionTime"] if known and known["status"] == held else now()
    return {
        "type": kind,
        "status": held,
        "lastUpdateTime": now(),
        "lastTransitionTime": since,
        "reason": why,
        "message": said,
    }
