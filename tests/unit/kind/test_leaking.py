"""A leak in the cgroup of a kubelet: what is run on the node, and when it counts as planted."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import Any

import pytest

from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.command import Completed
from upgrade_e2e.errors import Hopeless
from upgrade_e2e.providers.kind.leak_script import GROWN_FILE, SCRIPT, SCRIPT_FILE, end_leak
from upgrade_e2e.providers.kind.leaking import leak_in_kubelet
from upgrade_e2e.upgrade.fault_values import Leak


@dataclass
class FakeNode:
    """A node on which `grown` MiB have grown and the script has said `log`."""

    grown: str = "1"
    log: str = ""
    ran: list[tuple[str, ...]] = field(default_factory=list)
    written: str = ""

    def run(self, *argv: str, stdin: str = "", **_: Any) -> Completed:
        """Remember a command, and answer those that ask."""
        self.ran.append(argv)
        self.written = stdin or self.written
        said = {GROWN_FILE: self.grown, f"{SCRIPT_FILE}.log": self.log}
        out = said.get(argv[1], "") if argv[0] == "cat" else ""
        return Completed(" ".join(argv), 0, out, "", 0.0)


def cluster(*workers: FakeNode) -> Cluster:
    """A cluster of one control plane and these workers."""
    nodes = [Node("cp", Role.CONTROL_PLANE, FakeNode())]
    nodes += [Node(f"worker{n}", Role.WORKER, one) for n, one in enumerate(workers)]
    return Cluster("fake", None, tuple(nodes))


def test_the_last_worker_leaks_and_the_plant_goes_on_at_once():
    first, last = FakeNode(), FakeNode()
    leak_in_kubelet(cluster(first, last), Leak(200, 100.0))
    assert first.ran == []
    assert last.written == SCRIPT
    (started,) = [argv[2] for argv in last.ran if argv[0] == "sh"]
    assert started.startswith("setsid sh ")
    assert " 200 100 " in started
    assert started.endswith("&")


def test_a_leak_that_cannot_begin_is_not_planted():
    broken = FakeNode(grown="", log="sh: cannot create /sys/fs/cgroup/memory: no such file")
    with pytest.raises(Hopeless, match="cannot create"):
        leak_in_kubelet(cluster(broken), Leak(200, 100.0))


def test_the_script_can_be_read_by_a_shell():
    subprocess.run(["sh", "-n"], input=SCRIPT, text=True, check=True, timeout=30)


def test_a_leak_is_ended_by_its_script_and_where_there_is_none_nothing_is():
    node = FakeNode()
    end_leak(node)
    assert node.ran == [("pkill", "--signal", "KILL", "--full", SCRIPT_FILE)]
    # What holds the memory reads from the script alone, so that it ends with it.
    assert SCRIPT.count("sleep") == SCRIPT.count("> /dev/null\n") - 1
