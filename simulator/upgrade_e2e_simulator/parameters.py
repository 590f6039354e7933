"""The parameters of every mechanism. A fault is another value for one of them.

The mechanisms read these objects each time they act, so that a change takes effect at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from upgrade_e2e_simulator.errors import BadInput

__all__ = [
    "ApiParameters",
    "ControllerParameters",
    "DnsParameters",
    "KubeletParameters",
    "NetworkParameters",
    "Parameters",
    "set_parameter",
]


@dataclass
class ApiParameters:
    """The API server.

    `request_timeout_s` is how long a request waits for a storage that does not answer before it
    ends with 504; `grace_s` how long a stopping server keeps its open requests; `rbac_load_s` how
    long a started server answers 403 to all but system:masters; `bookmark_every_s` the rhythm of
    watch bookmarks; `reconnect_s` how long components need to find a server that is back.
    """

    request_timeout_s: float = 3.0
    grace_s: float = 0.5
    rbac_load_s: float = 0.2
    bookmark_every_s: float = 10.0
    reconnect_s: float = 0.2


@dataclass
class KubeletParameters:
    """A kubelet, and the runtime under it.

    `qps` and `burst` limit its calls to the API (the defaults are the kubelet's own, kubeAPIQPS
    and kubeAPIBurst). `hooks` false means that preStop hooks are not run. `pace` divides every
    duration that a pod's spec names in seconds (probe periods, hook sleeps, grace periods,
    back-off): a rehearsal runs that many times faster. `graceful` false means that containers are
    killed at once, without hook and without SIGTERM.
    """

    qps: float = 50.0
    burst: int = 100
    sandbox_s: float = 0.05
    pull_s: float = 0.1
    start_s: float = 0.02
    sync_s: float = 0.02
    heartbeat_s: float = 1.0
    backoff_s: float = 10.0
    backoff_max_s: float = 300.0
    hooks: bool = True
    graceful: bool = True
    pace: float = 10.0


@dataclass
class NetworkParameters:
    """The data plane.

    `endpoint_delay_s` is the time from a changed EndpointSlice to a node's service table that
    has it. `setup_delay_s` is how long a new pod runs before its network works. `drop_dns` is
    the share of DNS packets that get lost.
    """

    endpoint_delay_s: float = 0.05
    setup_delay_s: float = 0.0
    drop_dns: float = 0.0


@dataclass
class DnsParameters:
    """CoreDNS: what each answer costs."""

    delay_s: float = 0.0


@dataclass
class ControllerParameters:
    """Controllers and the scheduler.

    `node_grace_s` is the silence after which a node is NotReady, `elect_s` the time that a
    restarted controller manager or scheduler needs to become leader.
    """

    node_grace_s: float = 4.0
    elect_s: float = 0.3
    schedule_s: float = 0.0


@dataclass
class Parameters:
    """All of them."""

    api: ApiParameters = field(default_factory=ApiParameters)
    kubelet: KubeletParameters = field(default_factory=KubeletParameters)
    network: NetworkParameters = field(default_factory=NetworkParameters)
    dns: DnsParameters = field(default_factory=DnsParameters)
    controllers: ControllerParameters = field(default_factory=ControllerParameters)


def set_parameter(parameters: Parameters, name: str, value: object) -> str:
    """Set `kubelet.qps` and the like, by its type; returns what was set. Raises BadInput."""
    group_name, _, field_name = name.partition(".")
    group = getattr(parameters, group_name, None)
    known = getattr(group, field_name, None)
    if group is None or known is None:
        raise BadInput(f"there is no parameter {name!r}; docs/sim.md lists them.")
    try:
        typed = _typed(known, str(value))
    except ValueError as error:
        raise BadInput(f"{value!r} is no value for {name}, which is now {known!r}.") from error
    setattr(group, field_name, typed)
    return f"{name}={typed}"


def _typed(known: object, text: str) -> bool | int | float:
    if isinstance(known, bool):
        if text.lower() not in {"true", "false"}:
            raise ValueError(text)
        return text.lower() == "true"
    return int(text) if isinstance(known, int) else float(text)
