"""A leak in the cgroup of a kubelet: what is run on the node, and when it counts as planted."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.command import Completed
from upgrade_e2e.errors import Hopeless
from upgrade_e2e.providers.kind.leak_script import GROW, GROWN_FILE, SCRIPT, SCRIPT_FILE, end_leak
from upgrade_e2e.providers.kind.leaking import leak_in_kubelet
from upgrade_e2e.upgrade.fault_values import Leak
from upgrade_e2e.wait import Deadline, wait_for


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


def test_the_memory_is_held_until_the_script_is_killed(tmp_path: Path):
    script, grown = tmp_path / "leak.sh", tmp_path / "grown"
    script.write_text(GROW)
    argv = ["sh", str(script), "40", "0.4", str(grown), "5"]
    with subprocess.Popen(argv, start_new_session=True) as process:
        leak = psutil.Process(process.pid)
        wait_for("40 MiB", lambda: _holder(leak), lambda found: found is not None, SOON)
        wait_for("the end of growing", grown.read_text, lambda text: text == "40\n", SOON)
        wait_for("holding it", lambda: _sleeps(leak), bool, SOON)
        holder = _holder(leak)
        assert holder is not None
        for shell in [one for one in _all_of(leak) if str(script) in one.cmdline()]:
            shell.kill()
        holder.wait(3)


SOON = Deadline(30, every_s=0.05)


def _all_of(leak: psutil.Process) -> list[psutil.Process]:
    return [leak, *leak.children(recursive=True)]


def _holder(leak: psutil.Process) -> psutil.Process | None:
    """The process with the memory."""
    large = (one for one in _all_of(leak) if _rss(one) >= 40 * 2**20)
    return next(large, None)


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _sleeps(leak: psutil.Process) -> bool:
    """Whether the script is in its last sleep, of five seconds."""
    try:
        return any(one.cmdline() == ["sleep", "5"] for one in _all_of(leak))
    except psutil.NoSuchProcess:
        return False
