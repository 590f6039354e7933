"""Jobs: pods until enough of them have succeeded, or too many have failed."""

from __future__ import annotations

from collections.abc import Iterable

from upgrade_e2e.providers.sim.api.times import now
from upgrade_e2e.providers.sim.controllers.controller import Controller, Place, controller_of
from upgrade_e2e.providers.sim.controllers.pods import is_active, is_ready, owned_by, pod_from
from upgrade_e2e.providers.sim.store import Change, Object

__all__ = ["JobController"]

_JOBS = "jobs.batch"


class JobController(Controller):
    """Non-indexed jobs with parallelism, completions, backoffLimit and suspend."""

    watches = (_JOBS, "pods")
    resyncs = _JOBS

    def places(self, change: Change) -> Iterable[Place]:
        """The Job, or the one that controls the pod."""
        if change.key.resource == _JOBS:
            return [(change.key.namespace, change.key.name)]
        owner = controller_of(change.new)
        if owner is None or owner["kind"] != "Job":
            return []
        return [(change.key.namespace, owner["name"])]

    async def reconcile(self, namespace: str, name: str) -> None:
        """See Controller."""
        job = self.client.cached(_JOBS, namespace, name)
        if job is None or "deletionTimestamp" in job["metadata"] or _is_over(job):
            return
        pods = owned_by(self.client, job)
        verdict = _verdict(job, pods)
        if verdict is None and not job["spec"]["suspend"]:
            await self._fill(job, pods)
        await self._write_status(job, verdict)

    async def _fill(self, job: Object, pods: list[Object]) -> None:
        active = sum(is_active(pod) for pod in pods)
        wanted = job["spec"]["parallelism"]
        if (completions := job["spec"].get("completions")) is not None:
            succeeded = sum(pod["status"].get("phase") == "Succeeded" for pod in pods)
            wanted = min(wanted, completions - succeeded)
        for _ in range(wanted - active):
            await self.client.create("pods", pod_from(job["spec"]["template"], job))

    async def _write_status(self, job: Object, verdict: tuple[str, str] | None) -> None:
        pods = owned_by(self.client, job)
        phases = [pod["status"].get("phase") for pod in pods]
        status: Object = {
            "startTime": job["status"].get("startTime") or now(),
            "active": sum(is_active(pod) for pod in pods),
            "ready": sum(is_ready(pod) for pod in pods),
            "succeeded": phases.count("Succeeded"),
            "failed": phases.count("Failed"),
            "terminating": 0,
        }
        status = {key: value for key, value in status.items() if value or key == "startTime"}
        if verdict is not None:
            kind, reason = verdict
            status["conditions"] = [
                {
                    "type": kind,
                    "status": "True",
                    "reason": reason,
                    "message": "",
                    "lastProbeTime": now(),
                    "lastTransitionTime": now(),
                }
            ]
            if kind == "Complete":
                status["completionTime"] = now()
        await self.client.put_status(_JOBS, job, status)


def _is_over(job: Object) -> bool:
    return any(
        item["type"] in {"Complete", "Failed"} and item["status"] == "True"
        for item in job["status"].get("conditions") or ()
    )


def _verdict(job: Object, pods: list[Object]) -> tuple[str, str] | None:
    phases = [pod["status"].get("phase") for pod in pods]
    restarts = sum(
        item.get("restartCount", 0)
        for pod in pods
        for item in pod["status"].get("containerStatuses") or ()
    )
    if phases.count("Failed") + restarts > job["spec"]["backoffLimit"]:
        return "Failed", "BackoffLimitExceeded"
    completions = job["spec"].get("completions")
    succeeded = phases.count("Succeeded")
    if completions is not None and succeeded >= completions:
        return "Complete", "CompletionsReached"
    if completions is None and succeeded and not any(is_active(pod) for pod in pods):
        return "Complete", "CompletionsReached"
    return None
