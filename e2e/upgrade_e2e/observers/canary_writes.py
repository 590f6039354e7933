"""Numbered writes through the API, each of which can be found again in a restored etcd."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS
from upgrade_e2e.observers.base import DeployContext
from upgrade_e2e.observers.objects import LABELS
from upgrade_e2e.timeline import CanaryWrite

__all__ = ["CanaryWriter"]

REGISTRY = "/registry"
"""What the API server puts before its keys unless `--etcd-prefix` says otherwise."""


@dataclass(frozen=True)
class CanaryWriter:
    """Creates one small ConfigMap after the other, `rate_hz` a second, named `NAME-NUMBER`.

    A key for each write: one that is overwritten could be lost without anybody seeing it. While the
    API server does not answer, writes come later than they should, and those without an answer
    within `timeout_s` are kept without an acknowledgement.
    """

    context: DeployContext
    name: str
    rate_hz: float
    timeout_s: float = 2.0
    _writes: list[CanaryWrite] = field(default_factory=list, compare=False, repr=False)

    @property
    def keys(self) -> str:
        """What the keys of the writes begin with in etcd; the number follows."""
        return f"{REGISTRY}{self.below}"

    @property
    def below(self) -> str:
        """The same without what the API server puts before all its keys."""
        return f"/configmaps/{self.context.namespace}/{self.name}-"

    @property
    def writes(self) -> tuple[CanaryWrite, ...]:
        """What was written up to now."""
        return tuple(self._writes)

    def run(self, ended: threading.Event) -> None:
        """Write until `ended` is set."""
        now_s, interval_s = self.context.origin.now_s, 1 / self.rate_hz
        next_s = now_s()
        while not ended.wait(max(0.0, next_s - now_s())):
            self._writes.append(self._write(len(self._writes) + 1))
            next_s = max(next_s + interval_s, now_s())

    def _write(self, number: int) -> CanaryWrite:
        path = f"/api/v1/namespaces/{self.context.namespace}/configmaps"
        meta = {"name": f"{self.name}-{number}", "labels": LABELS}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
        now_s = self.context.origin.now_s
        sent_s = now_s()
        try:
            api = self.context.cluster.api
            answer = api.request("POST", path, body=body, timeout_s=self.timeout_s)
        except TRANSIENT_API_ERRORS:
            return CanaryWrite(number, sent_s)
        acknowledged_s = now_s()
        return CanaryWrite(number, sent_s, acknowledged_s, _revision(answer))


def _revision(answer: bytes) -> int:
    """The resourceVersion of an object, which is etcd's revision; 0 where it is none."""
    version = str((json.loads(answer).get("metadata") or {}).get("resourceVersion", ""))
    return int(version) if version.isdecimal() else 0
