"""What may stand after the `=` of a fault: one reader for each kind of value.

Each reader raises BadInput, with a sentence, for a value that it cannot read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from upgrade_e2e.errors import BadInput

__all__ = [
    "Leak",
    "MemoryLimit",
    "addon",
    "dropped",
    "failure_policy",
    "image_name",
    "leak",
    "memory_limit",
    "node_in",
    "nothing",
    "rate",
    "replicas",
    "seconds",
    "share",
    "target_of",
    "time_and_node",
    "webhook",
]

LONGEST_S = 60.0
HIGHEST_RATE_HZ = 1000
MOST_REPLICAS = 100
BREAKABLE = ("kubeadm-apply", "kubeadm-node", "drain", "swap-kubelet")
ADDONS = ("coredns", "kube-proxy")
WEBHOOK = "gatekeeper-system/gatekeeper-controller-manager"
"""What Gatekeeper's own manifest calls the Deployment of its webhook."""
POLICIES = {"fail": "Fail", "ignore": "Ignore"}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s)?", re.ASCII)
_DEPLOYMENT = re.compile(r"[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9.-]*", re.ASCII)
_IMAGE = re.compile(r"[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+:[\w.-]{1,128}", re.ASCII)
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
_LEAK = re.compile(r"(\d{1,6})Mi(?:/(\d{1,5})s)?", re.ASCII)
_LIMIT = re.compile(r"([a-z0-9-]{1,63})/([a-z0-9.-]{1,253}):(\d{1,6}Mi)", re.ASCII)
LEAK_S = 60.0
"""In which a leak grows where its value does not say it."""
MOST_LEAKED_MIB = 4096


@dataclass(frozen=True)
class Leak:
    """Memory that grows to `mib` within `seconds` and then stays."""

    mib: int
    seconds: float


@dataclass(frozen=True)
class MemoryLimit:
    """The memory `limit` of a workload, an amount as Kubernetes writes it."""

    namespace: str
    owner: str
    limit: str


def nothing(value: str) -> None:
    """Refuse every value: the fault has none."""
    if value:
        raise BadInput(f"this fault has no value; leave out `={value}`.")


def seconds(value: str) -> float:
    """The duration in `3s`, `200ms` or `0.5`, in seconds: above 0 and up to 60."""
    match = _DURATION.fullmatch(value)
    read = float(match[1]) / (1000 if match[2] == "ms" else 1) if match else 0.0
    if not 0 < read <= LONGEST_S:
        raise BadInput(f"{value!r} is no duration; write seconds up to {LONGEST_S:g}, like 2s.")
    return read


def share(value: str) -> float:
    """A number above 0 and up to 1."""
    try:
        read = float(value)
    except ValueError:
        read = -1.0
    if not 0 < read <= 1:
        raise BadInput(f"{value!r} is no share; write a number above 0 and up to 1, like 0.01.")
    return read


def rate(value: str) -> int:
    """Requests per second: a whole number from 1 to 1000."""
    read = _whole(value)
    if read is None or not 1 <= read <= HIGHEST_RATE_HZ:
        raise BadInput(
            f"{value!r} is no rate; write a whole number from 1 to {HIGHEST_RATE_HZ}, like 1."
        )
    return read


def replicas(value: str) -> int:
    """A number of pods: a whole number from 0 to 100."""
    read = _whole(value)
    if read is None or read > MOST_REPLICAS:
        raise BadInput(
            f"{value!r} is no number of replicas; give a number from 0 to {MOST_REPLICAS}, like 1."
        )
    return read


def addon(value: str) -> str:
    """The name of an addon that kubeadm rolls."""
    if value not in ADDONS:
        raise BadInput(
            f"{value!r} is no addon that kubeadm rolls; it is one of {', '.join(ADDONS)}."
        )
    return value


def failure_policy(value: str) -> str:
    """What an API server does about a webhook that is down, as it is written: `fail`, `ignore`."""
    if value not in POLICIES:
        raise BadInput(f"{value!r} is no failure policy; it is one of {', '.join(POLICIES)}.")
    return POLICIES[value]


def image_name(value: str) -> str:
    """The whole name of a container image, with its tag: `registry.k8s.io/pause:3.10.1`."""
    if not _IMAGE.fullmatch(value):
        raise BadInput(
            f"{value!r} is no name of a container image; write it with registry and tag, like "
            "registry.k8s.io/pause:3.10.1."
        )
    return value


def leak(value: str) -> Leak:
    """A leak in `200Mi` or `400Mi/300s`: up to 4096 MiB, in 60 s or in the time given."""
    match = _LEAK.fullmatch(value)
    mib, within_s = (int(match[1]), float(match[2] or LEAK_S)) if match else (0, 0.0)
    if not (0 < mib <= MOST_LEAKED_MIB and within_s > 0):
        raise BadInput(
            f"{value!r} is no leak; write how much memory up to {MOST_LEAKED_MIB}Mi, and within "
            "how many seconds if not 60, like 200Mi or 400Mi/300s."
        )
    return Leak(mib, within_s)


def memory_limit(value: str) -> MemoryLimit:
    """A workload and its memory limit: `kube-system/coredns:10Mi`."""
    match = _LIMIT.fullmatch(value)
    if match is None:
        raise BadInput(
            f"{value!r} names no workload and limit; write NAMESPACE/NAME:LIMIT with the name of a "
            "Deployment, DaemonSet or StatefulSet, like kube-system/coredns:10Mi."
        )
    return MemoryLimit(match[1], match[2], match[3])


def webhook(value: str) -> tuple[str, str]:
    """Namespace and name in `NAMESPACE/DEPLOYMENT`, a webhook's; empty means Gatekeeper's."""
    named = value or WEBHOOK
    if not _DEPLOYMENT.fullmatch(named):
        raise BadInput(
            f"{value!r} names no Deployment; write NAMESPACE/DEPLOYMENT, like {WEBHOOK}, or "
            "nothing for that one."
        )
    namespace, _, name = named.partition("/")
    return namespace, name


def dropped(value: str) -> tuple[float, str, str]:
    """Seconds, namespace and name in `5s` or `5s:NAMESPACE/DEPLOYMENT`; see seconds and webhook."""
    time, _, named = value.partition(":")
    return (seconds(time), *webhook(named))


def target_of(value: str) -> tuple[str, str]:
    """Kind and node in `drain:worker2`: a step that can be made to fail."""
    kind, separator, node = value.partition(":")
    if kind not in BREAKABLE or not separator or not node:
        raise BadInput(
            f"{value!r} names no step that can be made to fail; write KIND:NODE with one of "
            f"{', '.join(BREAKABLE)}, like fail-step=drain:worker2."
        )
    return kind, node


def time_and_node(value: str) -> tuple[float, str]:
    """The duration in seconds and the short name of a node in `60s:worker2`.

    Without a node, as in `60s`, its name is empty: then it is the first worker.
    """
    duration, colon, node = value.partition(":")
    if colon and not node:
        raise BadInput(f"{value!r} names no node; write it after the colon, like 60s:worker2.")
    return seconds(duration), node


def node_in(value: str) -> str:
    """The node in such a value; empty where it names none."""
    return time_and_node(value)[1]


def _whole(value: str) -> int | None:
    return int(value) if _WHOLE.fullmatch(value) else None
