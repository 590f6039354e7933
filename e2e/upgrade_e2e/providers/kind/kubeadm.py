"""Running kubeadm on a node, its output followed live: phases marked, every line kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.cluster.nodes import node_of
from upgrade_e2e.errors import Blocked, CommandFailed
from upgrade_e2e.providers.kind.delivery import runner_of, staged_file
from upgrade_e2e.providers.kind.journal import Journal
from upgrade_e2e.providers.kind.kubeadm_output import (
    is_late_job,
    phase_error,
    preflight_errors,
)
from upgrade_e2e.providers.kind.last_words import ended_on
from upgrade_e2e.providers.kind.static_pods import wait_until_settled
from upgrade_e2e.providers.kind.step_time import StepTime
from upgrade_e2e.providers.kind.takeout import UPGRADE_CONFIG
from upgrade_e2e.upgrade import Marks, Step
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["PhaseReader", "kubeadm_apply", "kubeadm_node"]

KUBEADM_S = 900.0
SETTLE_S = 240.0
KUBELET_CONF = "/etc/kubernetes/kubelet.conf"
RBAC_S = 120.0
TRIES = 2
"""How often kubeadm is asked while all that it refuses by is its own job, which came too late. It
gives that job 15 s, and has changed nothing by then."""
ASKED_AGAIN = "preflight-again"
"""The phase from which on kubeadm is asked again."""

# What kubeadm writes when a phase of `upgrade apply` or `upgrade node` begins.
_PHASES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r'\[upgrade/staticpods\] Preparing for "([\w-]+)" upgrade'), r"\1"),
    (re.compile(r"\[upgrade/preflight\]"), "preflight"),
    (re.compile(r"\[upload-config\]|\[upgrade/kubelet-config\]|\[kubelet-start\]"), "config"),
    (
        re.compile(r"\[bootstrap-token\].*certificate rotation|\[addons\]|\[upgrade/addon\]"),
        "addons",
    ),
)


@dataclass
class PhaseReader:
    """Turns kubeadm's lines into marks; a phase is marked once, when its first line comes."""

    mark: Callable[[str], None]
    seen: set[str] = field(default_factory=set)

    def read(self, line: str) -> None:
        """Take in one line."""
        if "Skipping" in line:
            return
        for pattern, name in _PHASES:
            if match := pattern.match(line.strip()):
                phase = match.expand(name)
                if phase not in self.seen:
                    self.seen.add(phase)
                    self.mark(phase)
                return


def kubeadm_apply(
    step: Step,
    cluster: Cluster,
    marks: Marks,
    journal: Journal,
    hear: Callable[[str], None] = lambda _: None,
) -> None:
    """`kubeadm upgrade apply` on the first control plane; `hear` gets each of its lines.

    It is asked again, once, when all that it refuses by is that its own job came too late, as on a
    busy machine. Raises Blocked for what its preflight checks refuse, and CommandFailed for any
    other failure; both begin with its own reason, or with that of a program that ended meanwhile.
    """
    work = _Work(step, cluster, StepTime.start(step), hear)
    _run_kubeadm(work, marks, journal, "apply", "--yes")
    _settle(work, marks)


def kubeadm_node(
    step: Step,
    cluster: Cluster,
    marks: Marks,
    journal: Journal,
    hear: Callable[[str], None] = lambda _: None,
) -> None:
    """`kubeadm upgrade node` on any other node; as `kubeadm_apply`."""
    work = _Work(step, cluster, StepTime.start(step), hear)
    _wait_for_permission(work)
    _run_kubeadm(work, marks, journal, "node")
    _settle(work, marks)


@dataclass(frozen=True)
class _Work:
    """A step that runs kubeadm, on its cluster and in its time."""

    step: Step
    cluster: Cluster
    time: StepTime
    hear: Callable[[str], None]

    @property
    def node(self) -> Node:
        """The node that the step is about."""
        return node_of(self.cluster, self.step.node)


def _settle(work: _Work, marks: Marks) -> None:
    """Before the next control plane is touched, this one's static pods must be back."""
    if work.step.params.get("settles"):
        marks.mark("settle")
        wait_until_settled(work.cluster, work.node, work.time.within(SETTLE_S))


def _run_kubeadm(work: _Work, marks: Marks, journal: Journal, *words: str) -> None:
    version = work.step.params["version"]
    argv = (staged_file(version, "kubeadm"), "upgrade", *words)
    config = ("--config", staged_file(version, UPGRADE_CONFIG))
    phases = PhaseReader(marks.mark)
    with journal.of(work.step) as write:

        def on_line(line: str) -> None:
            write(line)
            phases.read(line)
            work.hear(line)

        def again(_: RetryCallState) -> None:
            write("kubeadm's own job was too late; asked again")
            marks.mark(ASKED_AGAIN)

        runner, tries = runner_of(work.node), _tries(again)
        try:
            tries(
                lambda: runner.follow(
                    *argv, *config, on_line=on_line, timeout_s=work.time.within(KUBEADM_S)
                )
            )
        except CommandFailed as failure:
            raise _explained(failure, work.node) from failure


def _explained(failure: CommandFailed, node: Node) -> Blocked | CommandFailed:
    """The failure of kubeadm, led by what it refused, or by why it failed."""
    if refused := preflight_errors(failure.output):
        return Blocked(f"{'; '.join(refused)}\n{failure}")
    ended = ended_on(node) if node.role is Role.CONTROL_PLANE else []
    return failure.led_by("\n".join((*ended, phase_error(failure.output))).strip())


def _tries(again: Callable[[RetryCallState], None]) -> Retrying:
    return Retrying(
        retry=retry_if_exception(_only_its_job_was_late),
        stop=stop_after_attempt(TRIES),
        before_sleep=again,
        reraise=True,
    )


def _only_its_job_was_late(failure: BaseException) -> bool:
    refused = preflight_errors(failure.output) if isinstance(failure, CommandFailed) else []
    return bool(refused) and all(map(is_late_job, refused))


def _wait_for_permission(work: _Work) -> None:
    """Wait until the node's own credentials may read the new kubelet configuration.

    Its RBAC rule is written by `apply`; an API server that has just restarted answers no for a
    moment.
    """
    runner = runner_of(work.node)
    argv = ("kubectl", "--kubeconfig", KUBELET_CONF, "--namespace", "kube-system", "auth", "can-i")
    wait_for(
        f"the permission of {work.step.node} to read configmap/kubelet-config",
        lambda: runner.run(*argv, "get", "configmap/kubelet-config", timeout_s=30),
        lambda output: output.stdout.strip() == "yes",
        Deadline(work.time.within(RBAC_S), every_s=0.5, in_a_row=3),
        transient=(CommandFailed,),
    )
