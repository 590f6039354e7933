"""What a pass is told: every choice of the user, as one value."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers import Images
from upgrade_e2e.upgrade import Fault

__all__ = ["KEEP_CHOICES", "Keep", "PassSettings", "load_config", "parse_image_overrides"]

Keep = Literal["never", "on-failure", "always"]
KEEP_CHOICES: tuple[Keep, ...] = ("never", "on-failure", "always")
CONFIG_TABLE = "upgrade-e2e"
# Seconds watched before the first and after the last step. A rehearsal is over in 30 s.
WATCHED_AROUND_S = {"kind": 10.0, "sim": 3.0}


@dataclass(frozen=True)
class PassSettings:
    """The choices that hold for every path of one invocation.

    `node_images` maps a version to a node image, beside the template `node_image` in which
    `{version}` stands for the version. `baseline_s` is how long the untouched cluster is watched
    before the first step, `settle_s` how long it is watched after the last one.
    """

    provider: str = "kind"
    control_planes: int = 1
    workers: int = 2
    node_image: str = "kindest/node:{version}"
    node_images: Mapping[str, str] = field(default_factory=dict)
    images: Images = field(default_factory=Images)
    fast_control_plane: bool = False
    keep: Keep = "never"
    reuse_cluster: str = ""
    faults: tuple[Fault, ...] = ()
    baseline_s: float = 10.0
    settle_s: float = 10.0

    def __post_init__(self) -> None:
        if self.control_planes < 1 or self.control_planes % 2 == 0:
            raise BadInput(
                f"{self.control_planes} control planes cannot hold a majority in etcd; use 1 or 3."
            )
        if self.workers < 1:
            raise BadInput("a pass needs one worker at least, or a drain leaves no place to run.")
        if "{version}" not in self.node_image:
            raise BadInput(
                f"node image {self.node_image!r} names no version; write it like "
                "kindest/node:{version}."
            )
        if self.keep not in KEEP_CHOICES:
            raise BadInput(
                f"keep-cluster is {self.keep!r}; it is one of {', '.join(KEEP_CHOICES)}."
            )
        if min(self.baseline_s, self.settle_s) < 0:
            raise BadInput("baseline and settle times are seconds and cannot be negative.")


def parse_image_overrides(words: Sequence[str]) -> dict[str, str]:
    """Read `v1.34.4=NAME` words; raises BadInput for one that is not of that form."""
    overrides: dict[str, str] = {}
    for word in words:
        version, separator, image = word.partition("=")
        if not (version and separator and image):
            raise BadInput(f"{word!r} names no image; write --image-for v1.34.4=IMAGE.")
        overrides[version if version.startswith("v") else f"v{version}"] = image
    return overrides


def load_config(file: Path | None, folder: Path) -> dict[str, Any]:
    """The `[tool.upgrade-e2e]` table of `folder`/pyproject.toml, or the given TOML file whole.

    Keys: `node-image`, `agent-image`, `edge-image`, `limits`, and a table `images` from version
    to node image. Raises BadInput for an unreadable file or an unknown key.
    """
    if file is None:
        pyproject = folder / "pyproject.toml"
        document = _read_toml(pyproject) if pyproject.is_file() else {}
        table = document.get("tool", {}).get(CONFIG_TABLE, {})
        where = f"[tool.{CONFIG_TABLE}] in pyproject.toml"
    else:
        table, where = _read_toml(file), str(file)
    known = {"node-image", "agent-image", "edge-image", "limits", "images"}
    if unknown := sorted(set(table) - known):
        raise BadInput(
            f"{where} has the unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}."
        )
    return dict(table)


def with_config(settings: PassSettings, table: Mapping[str, Any]) -> PassSettings:
    """`settings` with what the configuration says where the command line said nothing."""
    plain = PassSettings()
    images = settings.images
    for part in fields(Images):
        key = f"{part.name}-image"
        if key in table and getattr(images, part.name) == getattr(plain.images, part.name):
            images = replace(images, **{part.name: str(table[key])})
    node_image = settings.node_image
    if node_image == plain.node_image:
        node_image = str(table.get("node-image", node_image))
    configured = {str(version): str(name) for version, name in table.get("images", {}).items()}
    return replace(
        settings,
        images=images,
        node_image=node_image,
        node_images={**configured, **settings.node_images},
    )


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{file} cannot be read ({error.strerror}); check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} is not TOML: {error}") from error
