"""How long the parts of an upgrade take: a measured kind pass, scaled down."""

from __future__ import annotations

from dataclasses import dataclass

from upgrade_e2e.errors import BadInput

__all__ = ["KIND_PASS", "Durations", "MeasuredPass"]


@dataclass(frozen=True)
class MeasuredPass:
    """One pass v1.33.13 -> v1.34.4 on kind, one control plane, two workers, two cores; seconds.

    Of each static pod the time from its new manifest to Ready; `grace_s` is what the API server
    waits for open requests when it is asked to stop, `storage_timeout_s` how long a request waited
    for a storage that was away, `swap_s` a worker's kubelet from its restart to Ready.
    """

    etcd_s: float = 77.0
    apiserver_s: float = 60.0
    controllers_s: float = 14.0
    scheduler_s: float = 14.0
    grace_s: float = 30.0
    storage_timeout_s: float = 34.0
    swap_s: float = 8.0


KIND_PASS = MeasuredPass()


@dataclass(frozen=True)
class Durations:
    """The measured pass, `scale` times faster; and `pace`, for the times that pod specs name."""

    scale: float = 60.0
    pace: float = 10.0
    measured: MeasuredPass = KIND_PASS

    def __post_init__(self) -> None:
        if self.scale < 1 or self.pace < 1:
            raise BadInput("a simulated pass cannot be slower than a real one; use 1 or more.")

    def back_off_s(self, component: str) -> float:
        """How long the kubelet leaves a static pod down between its old and its new process."""
        seconds = {
            "etcd": self.measured.etcd_s,
            "kube-apiserver": self.measured.apiserver_s - self.measured.grace_s,
            "kube-controller-manager": self.measured.controllers_s,
            "kube-scheduler": self.measured.scheduler_s,
        }[component]
        return seconds / self.scale

    @property
    def grace_s(self) -> float:
        """What the API server waits for open requests."""
        return self.measured.grace_s / self.scale

    @property
    def storage_timeout_s(self) -> float:
        """How long a request waits for the storage."""
        return self.measured.storage_timeout_s / self.scale

    @property
    def swap_s(self) -> float:
        """How long a kubelet is away."""
        return self.measured.swap_s / self.scale

    def __str__(self) -> str:
        return (
            f"steps {self.scale:g} times as fast as a measured kind pass, times in pod specs "
            f"{self.pace:g} times"
        )
