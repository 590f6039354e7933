"""What a killed pass left on a node is undone, by a real shell with other programs in its path."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from upgrade_e2e.command import Runner
from upgrade_e2e.providers.kind.dropping import packets_dropped
from upgrade_e2e.providers.kind.undoing import CNI_PROGRAMS, KEPT, UNDO

THEIRS = "-A OUTPUT -d 10.244.1.7/32 -m comment --comment theirs -j DROP"
OURS = "-A OUTPUT -d 10.244.1.7/32 -m comment --comment {} -j DROP"


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A folder with the programs of a node, which note how they were called."""
    folder = tmp_path / "node"
    for below in ("path", "bin", "kept"):
        (folder / below).mkdir(parents=True)
    rules = "\n".join(["-P OUTPUT ACCEPT", THEIRS, OURS.format("upgrade-e2e")])
    quoted = OURS.format('"upgrade-e2e"')
    for program, said in (("pkill", ""), ("iptables", rules), ("ip6tables", quoted)):
        file = folder / "path" / program
        lists = f"case \"$*\" in *--list-rules*) cat <<'END'\n{said}\nEND\nesac"
        file.write_text(f'#!/bin/sh\necho "{program} $*" >> {folder}/called\n{lists}\nexit 1\n')
        file.chmod(0o755)
    return folder


def undone(node: Path) -> list[str]:
    """What was called while all was undone."""
    script = UNDO[2].replace(CNI_PROGRAMS, str(node / "bin")).replace(KEPT, str(node / "kept"))
    env = {"PATH": f"{node}/path:/bin:/usr/bin"}
    done = subprocess.run(
        ["sh", "-c", script], env=env, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == ""
    return (node / "called").read_text().splitlines()


def test_programs_that_were_stopped_go_on(node: Path) -> None:
    goes_on = [line for line in undone(node) if line.startswith("pkill --signal CONT --exact ")]
    assert [line.split()[-1] for line in goes_on] == [
        "containerd", "kube-apiserver", "etcd", "kube-proxy",
    ]  # fmt: skip


def test_our_rules_go_and_no_others(node: Path) -> None:
    rule = "OUTPUT -d 10.244.1.7/32 -m comment --comment upgrade-e2e -j DROP"
    assert [line for line in undone(node) if "--delete" in line] == [
        f"iptables --wait --delete {rule}",
        f"ip6tables --wait --delete {rule}",
    ]


def test_a_cni_program_is_back_and_its_wrapper_gone(node: Path) -> None:
    (node / "bin" / "ptp").write_text("wrapper")
    (node / "kept" / "ptp").write_text("program")
    (node / "kept" / "slow-ptp").write_text("wrapper")
    undone(node)
    assert {file.name: file.read_text() for file in (node / "bin").iterdir()} == {"ptp": "program"}
    assert not list((node / "kept").iterdir())


def test_on_a_node_without_any_of_it_nothing_is_done(node: Path) -> None:
    (node / "kept").rmdir()
    (node / "bin" / "ptp").write_text("program")
    undone(node)
    assert (node / "bin" / "ptp").read_text() == "program"


def test_rules_are_made_with_the_mark_by_which_they_are_found(node: Path) -> None:
    file = node / "path" / "iptables"
    file.write_text(f'#!/bin/sh\necho "$*" >> {node}/called\n')
    runner = Runner(env=(("PATH", f"{node}/path:/bin:/usr/bin"),))
    with packets_dropped(runner, "OUTPUT", "--destination", "10.244.1.7", ipv6=False):
        (made,) = (node / "called").read_text().splitlines()
    assert "--match comment --comment upgrade-e2e --jump DROP" in made
