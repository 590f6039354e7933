"""Node images: known versions, and the refusal of what is not what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.kind.fakes import FakeImage
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.images import NodeImages, known_versions
from upgrade_e2e.providers.kind.pulls import Pulls
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Marks, Path
from upgrade_e2e.version import KubeVersion

V33, V34 = KubeVersion.parse("v1.33.13"), KubeVersion.parse("v1.34.4")
PATH = Path((V33, V34))


def test_local_images_and_configured_ones_are_known(settings, machine):
    machine.images |= {
        "kindest/node:latest": FakeImage.of("v1.1.1"),
        "other:v1.30.0": FakeImage(""),
    }
    chosen = replace(settings, images={KubeVersion.parse("v1.35.0"): "mine:1"})
    known = known_versions(chosen, Docker(machine.runner))
    assert list(map(str, known)) == ["v1.33.13", "v1.34.4", "v1.35.0"]


def test_without_docker_only_configured_versions_are_known(settings, machine):
    machine.broken["image ls"] = (127, "cannot be started: docker")
    assert known_versions(settings, Docker(machine.runner)) == []


def test_a_template_with_the_version_inside_the_tag(settings, machine):
    machine.images = {"reg.example/node:kind-v1.34.4-a": FakeImage.of("v1.34.4")}
    chosen = replace(settings, image_template="reg.example/node:kind-{version}-a")
    assert known_versions(chosen, Docker(machine.runner)) == [V34]


@pytest.fixture
def brought(machine):
    """Bring the images of PATH, or of another path, as far as a pass does before its cluster."""
    docker = Docker(machine.runner)

    def bring(settings, path=PATH):
        images = NodeImages(settings, docker, Pulls(docker, Marks(Origin())))
        images.pulls.start(images.missing(path))
        images.pulls.wait_until_begun()
        return images

    return bring


def test_good_images_are_accepted_and_nothing_is_left(settings, machine, ledger, brought):
    brought(settings)
    assert machine.containers == {}
    assert ledger.entries() == ()
    assert list(settings.workdir.iterdir()) == []


def test_an_image_of_another_version_is_refused_with_the_reason(settings, machine, ledger, brought):
    chosen = replace(settings, images={V34: "kindest/node:v1.35.4"})
    machine.images["kindest/node:v1.35.4"] = FakeImage.of("v1.35.4")
    with pytest.raises(BadInput, match=r"given for v1\.34\.4 but holds v1\.35\.4: its kubelet"):
        brought(chosen)
    assert machine.containers == {}
    assert ledger.entries() == ()


def test_an_image_that_cannot_be_pulled_tells_which_versions_work(settings, brought):
    path = Path((V33, KubeVersion.parse("v1.34.99")))
    with pytest.raises(BadInput, match=r"v1\.34\.99 is not on this machine.*v1\.33\.13, v1\.34\.4"):
        brought(settings, path)


def test_an_image_that_is_no_node_image_is_refused(settings, brought):
    chosen = replace(settings, images={V34: "python:3.11-slim"})
    with pytest.raises(BadInput, match="is no node image"):
        brought(chosen)
