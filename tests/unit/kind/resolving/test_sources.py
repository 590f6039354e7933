"""The sources together, on a machine and a registry that are made up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.kind.fakes import FakeImage
from tests.unit.kind.resolving.serving import SmallRegistry, digest_of
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.resolving import choose_images, image_sources, newest_pair
from upgrade_e2e.version import KubeVersion

OLD, NEW, NEWEST = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}", f"sha256:{'c' * 64}"
CATALOGUE = f"""
[[release]]
kind = "v0.34.0"
images = {{ "v1.37.1" = "{NEWEST}" }}
[[release]]
kind = "v0.33.0"
images = {{ "v1.36.4" = "{NEW}", "v1.35.8" = "sha256:{"d" * 64}" }}
[[release]]
kind = "v0.31.0"
images = {{ "v1.33.7" = "{OLD}", "v1.36.4" = "sha256:{"e" * 64}" }}
"""


@pytest.fixture
def cataloged(settings, tmp_path):
    file = tmp_path / "catalogue.toml"
    file.write_text(CATALOGUE)
    return replace(settings, image_catalogue=file)


def choose(settings, machine, *words, **more):
    sources = image_sources(settings, Docker(machine.runner))
    return [one.image for one in choose_images(words, sources, **more)]


def test_an_image_on_the_machine_goes_before_a_published_one(settings, machine):
    (image,) = choose(settings, machine, "v1.34")
    assert (image.reference, image.here) == ("kindest/node:v1.34.4", True)
    assert image.source == "on this machine"


def test_tags_that_say_more_than_the_version_count_only_when_named(settings, machine):
    machine.images["kindest/node:v1.34.9-amd64"] = FakeImage.of("v1.34.9")
    minor, named = choose(settings, machine, "v1.34", "v1.34.9-amd64")
    assert (minor.reference, named.reference) == (
        "kindest/node:v1.34.4",
        "kindest/node:v1.34.9-amd64",
    )


def test_a_published_image_is_pinned_and_not_pulled(cataloged, machine):
    (image,) = choose(cataloged, machine, "v1.36")
    assert image.reference == f"kindest/node:v1.36.4@{NEW}"
    assert (image.digest, image.here) == (NEW, False)
    assert image.source == "published for kind v0.33.0"
    assert not machine.ran("docker", "pull")


def test_what_the_installed_release_lacks_comes_from_the_one_before(cataloged, machine):
    (image,) = choose(cataloged, machine, "v1.33.7")
    assert image.reference == f"kindest/node:v1.33.7@{OLD}"
    assert image.source == "published for kind v0.31.0"


def test_a_minor_of_a_newer_release_needs_that_release(cataloged, machine):
    with pytest.raises(BadInput, match=r"published for kind v0\.34\.0; here is kind v0\.33\.0"):
        choose(cataloged, machine, "v1.37")
    (image,) = choose(cataloged, machine, "v1.37.1")
    assert image.source == "published for kind v0.34.0, newer than kind v0.33.0 here"


def test_a_kind_that_the_catalogue_does_not_know_is_said(cataloged, machine):
    kind = machine.kind
    machine.kind = lambda argv, *more: (
        (0, "kind v0.33.5-alpha+1 go1.26 linux/amd64")
        if argv == ("version",)
        else kind(argv, *more)
    )
    (image,) = choose(cataloged, machine, "v1.36")
    assert image.digest == NEW
    assert "kind v0.33.0 (kind v0.33.5-alpha+1 here is not in the catalogue)" in image.source


def test_without_kind_the_newest_release_counts_and_this_is_said(cataloged, machine):
    machine.broken["kind version"] = (127, "cannot be started")
    (image,) = choose(cataloged, machine, "v1.37")
    assert image.source == "published for kind v0.34.0 (which kind is here is not known)"


def test_an_image_that_was_pulled_by_digest_is_on_this_machine(cataloged, machine):
    pinned = f"kindest/node:v1.36.4@{NEW}"
    machine.images[pinned] = FakeImage.of("v1.36.4")
    (image,) = choose(cataloged, machine, "v1.36")
    assert (image.reference, image.here, image.digest) == (pinned, True, NEW)
    assert image.source == "on this machine"


def test_an_image_that_is_given_is_not_questioned(settings, machine):
    chosen = replace(settings, images={KubeVersion.parse("v1.40.1"): "mine.example/node:1"})
    assert [image.reference for image in choose(chosen, machine, "v1.40", "v1.40.1")] == [
        "mine.example/node:1",
        "mine.example/node:1",
    ]


def test_the_default_path_needs_no_pull_where_the_machine_has_two_minors(cataloged, machine):
    assert list(map(str, newest_pair(image_sources(cataloged, Docker(machine.runner))))) == [
        "v1.33",
        "v1.34",
    ]
    del machine.images["kindest/node:v1.34.4"]
    assert list(map(str, newest_pair(image_sources(cataloged, Docker(machine.runner))))) == [
        "v1.35",
        "v1.36",
    ]


@pytest.fixture
def mirrored(settings):
    with SmallRegistry().serving() as registry:
        yield (
            registry,
            replace(settings, image_template=f"{registry.address}/kindest/node:{{version}}"),
        )


def test_another_template_is_asked_of_its_registry_and_pinned(mirrored, machine):
    registry, chosen = mirrored
    old, new = choose(chosen, machine, "v1.33", "v1.34")
    assert old.reference == f"{registry.address}/kindest/node:v1.33.7@{digest_of('v1.33.7')}"
    assert new.version == KubeVersion.parse("v1.34.8")
    assert new.source == f"in the registry {registry.address}"
    assert sum("tags/list" in path for _, path, _ in registry.asked) == 1


def test_a_patch_that_the_registry_lacks_is_answered_with_its_nearest(mirrored, machine):
    registry, chosen = mirrored
    with pytest.raises(BadInput, match=rf"v1\.34\.8 \(in the registry {registry.address}\)"):
        choose(chosen, machine, "v1.34.7")
    (image,) = choose(chosen, machine, "v1.34.5", nearest_patch=True)
    assert str(image.version) == "v1.34.3"


def test_the_catalogue_is_not_asked_about_another_template_unless_it_is_named(
    mirrored, cataloged, machine
):
    registry, chosen = mirrored
    with pytest.raises(BadInput, match=r"any patch of v1\.36"):
        choose(chosen, machine, "v1.36")
    both = replace(chosen, image_catalogue=cataloged.image_catalogue)
    (image,) = choose(both, machine, "v1.36")
    assert image.reference == f"{registry.address}/kindest/node:v1.36.4@{NEW}"


def test_the_catalogue_is_not_for_tags_that_say_more_than_the_version(settings, machine):
    chosen = replace(settings, image_template="kindest/node:{version}-mine")
    with pytest.raises(BadInput, match=r"the registry docker\.io does not answer"):
        choose(chosen, machine, "v1.33")


def test_a_template_with_the_version_in_the_name(settings, machine):
    with SmallRegistry(tags=["latest"]).serving() as registry:
        name = f"{registry.address}/kindest/{{version}}"
        chosen = replace(settings, image_template=name)
        with pytest.raises(BadInput, match="known minors: none"):
            choose(chosen, machine, "v1.34")
        machine.images[name.format(version="v1.34.3")] = FakeImage.of("v1.34.3")
        (image,) = choose(chosen, machine, "v1.34.3")
        assert image.here
