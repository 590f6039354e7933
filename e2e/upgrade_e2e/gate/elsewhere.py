"""How long an API server was away outside of the steps that take a single control plane away.

kubeadm replaces etcd and the API server of the only control plane, and a new kubelet restarts both.
That costs two minutes, give or take a quarter of a minute, so that two seconds more do not show in
the sum. Outside of these steps there is no reason for the API to be away, and there they do.
"""

from __future__ import annotations

from collections.abc import Iterator

from upgrade_e2e.report import ObserverResult, RunRecord
from upgrade_e2e.timeline import Span

__all__ = ["elsewhere_down_s"]

_API = "api"
_APPLY = "kubeadm-apply"
_RESTARTING_PHASES = frozenset({"etcd", "kube-apiserver"})
_RESTARTING_STEP = "swap-kubelet"


def elsewhere_down_s(record: RunRecord, seen: ObserverResult) -> float | None:
    """Seconds, each outage weighted with the share of probes that it hit; of the worst target.

    An outage that touches one of those steps is the step's, however long it lasts. The outages are
    those that the record keeps: the worst ones. None for other observers than the API's, and where
    there is not exactly one control plane.
    """
    if record.control_planes != 1 or seen.name.partition("-")[0] != _API:
        return None
    own = set(_own_steps(record.spans))
    down_s: dict[str, float] = {}
    for outage in seen.outages:
        if own.isdisjoint(outage.cause):
            down_s[outage.target] = down_s.get(outage.target, 0.0) + outage.weight
    return max(down_s.values(), default=0.0)


def _own_steps(spans: tuple[Span, ...]) -> Iterator[str]:
    """The names of the steps and phases that restart etcd or the API server, and their phases."""
    applied = [span for span in spans if span.kind == _APPLY]
    planes = {span.node for span in applied}
    for step in applied:
        phases = [span for span in spans if span.parent == step.name]
        restarting = [span.name for span in phases if span.kind in _RESTARTING_PHASES]
        # Output of kubeadm that names no such phase: then it is the whole step.
        yield from restarting or (step.name, *(span.name for span in phases))
    for step in spans:
        if step.kind == _RESTARTING_STEP and step.node in planes:
            yield step.name
            yield from (span.name for span in spans if span.parent == step.name)
