"""Archives out of blobs: complete, readable, without what is not there."""

from __future__ import annotations

import json
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.kind.fakes import MANIFEST, FakeImage, read_archive
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.oci import Descriptor, write_archive

INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


def lay_out(image, folder):
    """The blobs of an image as containerd keeps them."""
    for digest, data in image.blobs.items():
        file = folder.joinpath(*digest.split(":"))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return folder


def descriptors(image):
    return {name: Descriptor(MANIFEST, digest) for name, digest in image.inside.items()}


@given(st.sets(st.text("abc/:.", min_size=1, max_size=8), max_size=5))
def test_every_image_comes_back_with_all_its_parts(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("oci")
    image = FakeImage(None)
    for name in names:
        image.add(name)
    write_archive(folder / "a.tar", lay_out(image, folder / "blobs"), descriptors(image))
    assert read_archive(folder / "a.tar") == image.inside


def test_a_part_that_two_images_share_is_there_once(tmp_path):
    image = FakeImage(None)
    image.add("one")
    image.inside["two"] = image.inside["one"]
    write_archive(tmp_path / "a.tar", lay_out(image, tmp_path / "blobs"), descriptors(image))
    with tarfile.open(tmp_path / "a.tar") as tar:
        names = tar.getnames()
    assert len(names) == len(set(names)) == 2 + 3


def test_content_that_no_image_needs_stays_out(tmp_path):
    image = FakeImage(None)
    image.add("one")
    image.store(b"something else")
    write_archive(tmp_path / "a.tar", lay_out(image, tmp_path / "blobs"), descriptors(image))
    with tarfile.open(tmp_path / "a.tar") as tar:
        assert len(tar.getnames()) == 2 + 3


@pytest.mark.parametrize("media_type", [INDEX, DOCKER_LIST])
def test_platforms_that_are_not_there_are_left_out(tmp_path, media_type):
    image = FakeImage(None)
    image.add("one")
    index = {
        "manifests": [
            {"mediaType": MANIFEST, "digest": image.inside["one"]},
            {"mediaType": MANIFEST, "digest": "sha256:" + "0" * 64},
        ]
    }
    digest = image.store(json.dumps(index).encode())
    blobs = lay_out(image, tmp_path / "blobs")
    write_archive(tmp_path / "a.tar", blobs, {"one": Descriptor(media_type, digest)})
    with tarfile.open(tmp_path / "a.tar") as tar:
        assert len(tar.getnames()) == 2 + 4


def test_a_missing_manifest_is_told(tmp_path):
    absent = Descriptor(MANIFEST, "sha256:" + "0" * 64)
    with pytest.raises(BadInput, match="holds one without its part sha256:000"):
        write_archive(tmp_path / "a.tar", tmp_path, {"one": absent})
