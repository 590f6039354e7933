"""Writing an archive of container images out of the blobs of a containerd, without its exporter.

`ctr images export` passes every byte through containerd's API, and `docker exec` passes it on: 380
MB take 12 s. The blobs are plain files that are named by their digests; an archive in the OCI image
layout (https://github.com/opencontainers/image-spec, image-layout.md) is those files and an index.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upgrade_e2e.errors import BadInput

__all__ = ["Descriptor", "write_archive"]

LAYOUT = {"imageLayoutVersion": "1.0.0"}
# By this annotation containerd names an image that it imports.
NAME_ANNOTATION = "io.containerd.image.name"


@dataclass(frozen=True)
class Descriptor:
    """What an image's name stands for: the media type and digest of its manifest or index."""

    media_type: str
    digest: str

    @property
    def is_index(self) -> bool:
        """A list of manifests, one per platform."""
        return self.media_type.endswith(("image.index.v1+json", "manifest.list.v2+json"))

    @property
    def is_manifest(self) -> bool:
        """The manifest of an image for one platform."""
        return self.media_type.endswith(("image.manifest.v1+json", "manifest.v2+json"))


def write_archive(archive: Path, blobs: Path, images: Mapping[str, Descriptor]) -> None:
    """Write `images` (descriptor by name) as one archive; `blobs` is a content store's folder.

    Raises BadInput when a blob that an image needs is not there.
    """
    needed: dict[str, None] = {}
    for name, root in images.items():
        for digest in _closure(blobs, root):
            needed.setdefault(digest)
            if not _file(blobs, digest).is_file():
                raise BadInput(
                    f"the node image holds {name} without its part {digest}; "
                    "build or pull the node image again."
                )
    with tarfile.open(archive, "w") as tar:
        _add_json(tar, "oci-layout", LAYOUT)
        _add_json(tar, "index.json", _index(blobs, images))
        for digest in needed:
            tar.add(_file(blobs, digest), arcname=f"blobs/{digest.replace(':', '/')}")


def _index(blobs: Path, images: Mapping[str, Descriptor]) -> dict[str, Any]:
    manifests = [
        {
            "mediaType": root.media_type,
            "digest": root.digest,
            "size": _file(blobs, root.digest).stat().st_size,
            "annotations": {NAME_ANNOTATION: name},
        }
        for name, root in images.items()
    ]
    return {"schemaVersion": 2, "manifests": manifests}


def _closure(blobs: Path, root: Descriptor) -> Iterator[str]:
    """The digests that `root` leads to; platforms that the node image left out are left out."""
    yield root.digest
    if root.is_index:
        for child in _children(blobs, root, "manifests"):
            if _file(blobs, child.digest).is_file():
                yield from _closure(blobs, child)
    elif root.is_manifest:
        document = _read(blobs, root)
        yield document["config"]["digest"]
        yield from (layer["digest"] for layer in document["layers"])


def _children(blobs: Path, parent: Descriptor, key: str) -> Iterator[Descriptor]:
    for child in _read(blobs, parent)[key]:
        yield Descriptor(child["mediaType"], child["digest"])


def _read(blobs: Path, of: Descriptor) -> dict[str, Any]:
    file = _file(blobs, of.digest)
    if not file.is_file():
        raise BadInput(
            f"the node image lacks the manifest {of.digest}; build or pull the node image again."
        )
    document: dict[str, Any] = json.loads(file.read_bytes())
    return document


def _file(blobs: Path, digest: str) -> Path:
    return blobs.joinpath(*digest.split(":", 1))


def _add_json(tar: tarfile.TarFile, name: str, document: Mapping[str, Any]) -> None:
    data = json.dumps(document).encode()
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
