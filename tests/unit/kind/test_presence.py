"""Whether kind can be used on this machine at all."""

from __future__ import annotations

import pytest

from upgrade_e2e.providers.kind import absent_images, what_is_missing
from upgrade_e2e.providers.kind.docker import Docker


def everything(name):
    return f"/usr/bin/{name}"


def missing(machine, find=everything):
    return what_is_missing(Docker(machine.runner), find)


def test_nothing_is_missing_where_docker_and_kind_are_and_images_may_be_pulled(machine):
    machine.images.clear()
    assert missing(machine) == ""
    assert not machine.ran("docker", "pull")


@pytest.mark.parametrize("program", ["docker", "kind"])
def test_a_program_that_is_not_installed(machine, program):
    told = missing(machine, find=lambda name: name != program or None)
    assert told == f"{program} is not installed"


def test_a_daemon_that_does_not_answer(machine):
    machine.broken["info"] = (1, "Cannot connect to the Docker daemon")
    assert missing(machine) == "docker does not answer"


def test_images_that_are_not_here_are_named_once(machine, tmp_path, monkeypatch):
    docker = Docker(machine.runner)
    assert absent_images(("python:3.11-slim", "mine:1", "mine:1"), docker) == ("mine:1",)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert absent_images(("mine:1",)) == (), "nothing is known without docker"
