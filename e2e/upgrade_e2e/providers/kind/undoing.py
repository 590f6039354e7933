"""Undoing what faults left on a node, where the process that planted them was killed.

A fault that lasts for a time undoes itself, also when it is interrupted. Only a process that is
killed cannot.
"""

from __future__ import annotations

from upgrade_e2e.cluster.etcd_access import FOLDER as SNAPSHOTS
from upgrade_e2e.command import Runner
from upgrade_e2e.providers.kind.dropping import MARK
from upgrade_e2e.providers.kind.leak_script import end_leak

__all__ = ["CNI_PROGRAMS", "KEPT", "UNDO", "undo_faults"]

CNI_PROGRAMS = "/opt/cni/bin"
KEPT = "/opt/cni/upgrade-e2e"
"""Where the CNI program of a node is while another one stands in its place."""
_UNDO_S = 60.0
_SCRIPT = f"""\
for program in containerd kube-apiserver etcd kube-proxy; do
  pkill --signal CONT --exact "$program"
done
for iptables in iptables ip6tables; do
  "$iptables" --wait --list-rules | tr -d '"' | sed -n 's/^-A \\(.* --comment {MARK} .*\\)$/\\1/p' |
    while read -r rule; do "$iptables" --wait --delete $rule; done
done
rm -f {KEPT}/slow-*
for kept in {KEPT}/*; do
  [ -e "$kept" ] && mv --force "$kept" {CNI_PROGRAMS}
done
rm -rf {SNAPSHOTS}*
exit 0
"""
UNDO = ("sh", "-c", _SCRIPT)
"""Programs that are stopped go on, packets pass, CNI programs are back, snapshots of etcd go."""


def undo_faults(runner: Runner) -> None:
    """Undo on a node what faults left there; one on which there is nothing does not notice.

    Raises CommandFailed where the node lets no command in.
    """
    runner.run(*UNDO, timeout_s=_UNDO_S)
    end_leak(runner)
