"""Thawing what a killed runc left frozen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from upgrade_e2e.providers.kind.freezer import thaw


@pytest.fixture
def cgroup(tmp_path):
    """Make a cgroup of a container, in a state."""

    def made(path: str, state: str):
        folder = tmp_path / path
        folder.mkdir(parents=True)
        file = folder / "freezer.state"
        file.write_text(f"{state}\n")
        return file

    return made


def test_only_the_frozen_ones_of_these_containers_are_thawed(cgroup, tmp_path):
    frozen = cgroup("docker/aaa/kubelet/pod1/c1", "FROZEN")
    freezing = cgroup("docker/aaa/kubelet/pod2", "FREEZING")
    running = cgroup("docker/aaa/init.scope", "THAWED")
    other = cgroup("docker/bbb/kubelet/pod1", "FROZEN")
    assert thaw(["aaa"], tmp_path) == 2
    assert frozen.read_text() == freezing.read_text() == "THAWED"
    assert running.read_text() == "THAWED\n"
    assert other.read_text() == "FROZEN\n"


def test_without_the_hierarchy_nothing_is_done(tmp_path):
    assert thaw(["aaa"], tmp_path / "absent") == 0


def test_no_containers_are_no_cgroups(cgroup, tmp_path):
    cgroup("docker/aaa", "FROZEN")
    assert thaw([], tmp_path) == 0


def test_a_container_that_goes_away_meanwhile_is_passed_over(cgroup, tmp_path, monkeypatch):
    frozen, gone = cgroup("docker/aaa/pod1", "FROZEN"), cgroup("docker/bbb/pod1", "THAWED").parent
    look = os.scandir

    def look_too_late(path):
        if Path(path) == gone:
            raise FileNotFoundError(path)
        return look(path)

    monkeypatch.setattr(os, "scandir", look_too_late)
    assert thaw(["aaa"], tmp_path) == 1
    assert frozen.read_text() == "THAWED"
