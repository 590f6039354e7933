"""Image archives in the form that `docker load` and `ctr images import` read."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nodeimage.layers import Layer

EPOCH = "1970-01-01T00:00:00Z"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    """One image: its names, its layers from the bottom up, and how it starts."""

    tags: tuple[str, ...]
    layers: tuple[Layer, ...]
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    user: str = ""
    stop_signal: str = ""
    env: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def config(self) -> bytes:
        """The image's configuration; its hash is the image's id."""
        settings: dict[str, object] = {"Env": [f"PATH={PATH}", *self.env]}
        optional: dict[str, object] = {
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.cmd),
            "User": self.user,
            "StopSignal": self.stop_signal,
            "Labels": dict(self.labels),
        }
        settings |= {name: value for name, value in optional.items() if value}
        config = {
            "architecture": "amd64",
            "os": "linux",
            "created": EPOCH,
            "config": settings,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{at.digest}" for at in self.layers]},
            "history": [{"created": EPOCH, "created_by": "ci/node-image"} for _ in self.layers],
        }
        return json.dumps(config, sort_keys=True).encode()


def write(path: Path, images: Sequence[Image]) -> None:
    """Write images to one file; a layer that several share is in it once."""
    with tarfile.open(path, mode="w") as tar:
        manifest: list[dict[str, object]] = []
        written: set[str] = set()
        for image in images:
            config = image.config()
            name = f"{hashlib.sha256(config).hexdigest()}.json"
            _add_bytes(tar, name, config)
            for layer in image.layers:
                if layer.digest not in written:
                    tar.add(layer.path, _layer_name(layer), filter=_plain)
                    written.add(layer.digest)
            manifest.append(
                {
                    "Config": name,
                    "RepoTags": list(image.tags),
                    "Layers": [_layer_name(layer) for layer in image.layers],
                }
            )
        _add_bytes(tar, "manifest.json", json.dumps(manifest).encode())


def _layer_name(layer: Layer) -> str:
    return f"{layer.digest}/layer.tar"


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.mtime, info.uid, info.gid, info.uname, info.gname = 0, 0, 0, "", ""
    return info


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))
