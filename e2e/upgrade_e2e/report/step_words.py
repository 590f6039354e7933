"""When something happened, in words: during which steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["when"]

# Steps and their phases: what goes on, with the node of the step.
_PHASES: Mapping[str, str] = {
    "addons": "kubeadm replaced CoreDNS and kube-proxy",
    "static-pods": "the new kubelet of {node} restarted its static pods",
    "settle": "the static pods of {node} came back",
    "ready": "the kubelet of {node} was replaced",
}
_STEPS: Mapping[str, str] = {
    "kubeadm-apply": "kubeadm upgraded the control plane on {node}",
    "kubeadm-node": "kubeadm upgraded {node}",
    "roll-addons": "kubeadm replaced CoreDNS and kube-proxy",
    "wait-for-watches": "nodes had yet to hear from the API server",
    "drain": "{node} was drained",
    "swap-kubelet": "the kubelet of {node} was replaced",
    "uncordon": "{node} was opened for pods again",
    "join-node": "{node} joined the cluster",
    "check": "the cluster was checked after {node}",
    "rollout": "{node} was rolled",
    "plant": "the fault {node} was planted",
}
# Steps in which nothing is done but to watch.
_WATCHING: Mapping[str, str] = {
    "watch-before": "before the upgrade",
    "watch-after": "after the upgrade",
}


def when(cause: Sequence[str], told: str, *, rolled: bool) -> str:
    """`while worker was drained (or in another step)`; `told` where it fell into no step.

    `cause` are the names of the steps, the likeliest first. A rollout of the watched workload
    explains only what its own observers see: `rolled` says whether this is one of them.
    """
    if not cause:
        return told
    first, *others = sorted(cause, key=lambda name: _is_rollout(name) and not rolled)
    if others and first in _WATCHING:
        # What is watched before and after is no step of the upgrade, so a second one is named.
        named, *others = others
        return f"{_while(first)} (or {_while(named)}{_or_in(', or in', others)})"
    also = _or_in("or in", others)
    return f"{_while(first)} ({also})" if also else _while(first)


def _or_in(words: str, others: Sequence[str]) -> str:
    if not others:
        return ""
    return (
        f"{words} another step" if len(others) == 1 else f"{words} one of {len(others)} other steps"
    )


def _while(name: str) -> str:
    return _WATCHING.get(name) or f"while {_step(name)}"


def _is_rollout(name: str) -> bool:
    return name.startswith("rollout ")


def _step(name: str) -> str:
    step, _, phase = name.partition(": ")
    kind, _, node = step.partition(" ")
    if phase in _PHASES and (node or "{node}" not in _PHASES[phase]):
        return _PHASES[phase].format(node=node)
    if phase and kind == "kubeadm-apply":
        return f"kubeadm replaced {phase} on {node}"
    return _STEPS[kind].format(node=node) if kind in _STEPS else f"the step {name} went on"
