"""What new Deployments wait for besides the API server: leaders of the controllers, and etcd."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from upgrade_e2e.format import duration
from upgrade_e2e.judge.windows import Windows
from upgrade_e2e.timeline import Span

__all__ = ["CONTROLLERS", "note_without_leader", "note_without_member", "without_member"]

CONTROLLERS = "controllers"
"""The kind of the reference that says whether the controllers have a leader."""
_MEMBER = "etcd"
"""The phase of a step in which kubeadm replaces the member of etcd on the step's node."""


def without_member(spans: Iterable[Span]) -> Windows:
    """When a member of etcd was replaced, on any node.

    kubeadm makes an API server ask the etcd of its own node only. Meanwhile a kubelet or a
    controller that is connected to that one waits, also where other API servers answer.
    """
    found = [span for span in spans if span.parent and span.kind == _MEMBER]
    return Windows.of(
        [round(span.start_s * 1e6) for span in found], [round(span.end_s * 1e6) for span in found]
    )


def note_without_leader(silent: Mapping[str, Windows]) -> Iterator[str]:
    """A sentence for each reference that shows controllers without a leader."""
    for name, windows in silent.items():
        if name.partition("@")[0] == CONTROLLERS and len(windows):
            yield (
                f"{name}: the controller manager or the scheduler had no leader for "
                f"{_told(windows)}, absences of the API included; left out"
            )


def note_without_member(windows: Windows) -> Iterator[str]:
    """A sentence about the time in which members of etcd were replaced, if there was any."""
    if len(windows):
        yield f"members of etcd were replaced for {_told(windows)}; left out"


def _told(windows: Windows) -> str:
    longest_us = int((windows.end_us - windows.start_us).max())
    all_of_it, longest = duration(windows.total_us / 1e6), duration(longest_us / 1e6)
    return f"{all_of_it} in all, longest {longest}"
