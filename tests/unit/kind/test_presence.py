"""Whether kind could serve a path here and now."""

from __future__ import annotations

import pytest

from upgrade_e2e.errors import ImpossiblePath
from upgrade_e2e.providers.kind import what_is_missing
from upgrade_e2e.providers.kind.docker import Docker


def everything(name):
    return f"/usr/bin/{name}"


def missing(settings, machine, *words, find=everything):
    return what_is_missing(settings, words, Docker(machine.runner), find)


@pytest.mark.parametrize("words", [("v1.33", "v1.34"), ("v1.33.13", "v1.34.4")])
def test_nothing_is_missing_where_docker_has_the_images(settings, machine, words):
    assert missing(settings, machine, *words) == ""


def test_an_image_that_is_not_here_is_named_and_not_pulled(settings, machine):
    told = missing(settings, machine, "v1.33.13", "v1.34.99")
    assert told == "docker has no image kindest/node:v1.34.99"
    assert not machine.ran("docker", "pull")


def test_a_minor_without_any_image(settings, machine):
    assert "no node images for v1.34 -> v1.35" in missing(settings, machine, "v1.34", "v1.35")


@pytest.mark.parametrize("program", ["docker", "kind"])
def test_a_program_that_is_not_installed(settings, machine, program):
    told = missing(settings, machine, "v1.33", "v1.34", find=lambda name: name != program or None)
    assert told == f"{program} is not installed"


def test_a_daemon_that_does_not_answer(settings, machine):
    machine.broken["info"] = (1, "Cannot connect to the Docker daemon")
    assert missing(settings, machine, "v1.33", "v1.34") == "docker does not answer"


def test_a_path_that_nobody_can_walk_is_the_users_error(settings, machine):
    with pytest.raises(ImpossiblePath):
        missing(settings, machine, "v1.34.4", "v1.33.13")
