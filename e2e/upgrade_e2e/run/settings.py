"""Every choice of the user for a pass, as one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from upgrade_e2e.errors import BadInput
from upgrade_e2e.format import setting
from upgrade_e2e.observers import BackupPlace, GuardPair, Images
from upgrade_e2e.options import DEFAULT_NODE_IMAGE, KEEP_CHOICES, PROFILES
from upgrade_e2e.providers.kind import KindConfig
from upgrade_e2e.upgrade import Fault

__all__ = [
    "NIGHTLY_AFTER_S",
    "NIGHTLY_BEFORE_S",
    "WATCHED_AROUND_S",
    "Keep",
    "PassSettings",
    "parse_image_overrides",
    "watching_choices",
]

Keep = Literal["never", "on-failure", "always"]
CONTROL_PLANES = (1, 3)
LONGEST_WATCH_S = 86_400.0
"""Own choice: a day."""
# Seconds watched before the first and after the last step. A simulated pass takes 30 s.
WATCHED_AROUND_S = {"kind": 10.0, "sim": 3.0}
NIGHTLY_BEFORE_S, NIGHTLY_AFTER_S = 180.0, 240.0
"""Watched around the steps of a nightly pass over a real cluster: growth over churn cycles needs
ten of them, after a first minute and two more, before the first kubelet of a worker is replaced and
after the last one. One takes 10 s. While the only control plane is upgraded, some come as well."""


@dataclass(frozen=True)
class PassSettings:
    """The choices that hold for every path of one invocation.

    `node_images` maps a version to a node image; for other versions `node_image` is a template in
    which `{version}` stands for the version. `watch_before_s` is how long the untouched cluster is
    watched before the first step, `watch_after_s` how long it is watched after the last one.
    The others are the options of the same names (see upgrade_e2e.options); an empty `drain_args`
    means the usual arguments, and `step_timeout_s` None the time of each step. `nodes_assumed` is
    whether the counts are only a guess at those of the cluster to reuse. `guards` are the pairs of
    objects by which policies of the user are watched, and `backup_place` is where snapshots of etcd
    go.
    """

    provider: str = "kind"
    control_planes: int = 1
    workers: int = 2
    node_image: str = DEFAULT_NODE_IMAGE
    node_images: Mapping[str, str] = field(default_factory=dict)
    images: Images = field(default_factory=Images)
    fast_control_plane: bool = False
    keep: Keep = "never"
    reuse_cluster: str = ""
    nearest_patch: bool = False
    image_catalogue: Path | None = None
    kind_config: KindConfig | None = None
    after_create: tuple[str, ...] = ()
    nodes_assumed: bool = False
    upgrade_config: Path | None = None
    drain_timeout_s: float = 300.0
    drain_args: tuple[str, ...] = ()
    wait_for_watches: bool = True
    step_timeout_s: float | None = None
    join_node: bool = True
    faults: tuple[Fault, ...] = ()
    guards: tuple[GuardPair, ...] = ()
    backup_place: BackupPlace = field(default_factory=BackupPlace)
    watch_before_s: float = 10.0
    watch_after_s: float = 10.0
    profile: str = PROFILES[0]

    def __post_init__(self) -> None:
        if self.control_planes < 1 or self.control_planes % 2 == 0:
            raise BadInput(
                f"{self.control_planes} control planes cannot hold a majority in etcd while one "
                "of them restarts; use 1 or 3."
            )
        if self.control_planes not in CONTROL_PLANES:
            raise BadInput(
                f"{self.control_planes} control planes are not a shape that is tested; use 1 or 3."
            )
        if self.workers < 0:
            raise BadInput(f"{self.workers} workers cannot be; use 0 or more.")
        if "{version}" not in self.node_image:
            raise BadInput(
                f"node image {self.node_image!r} names no version; write it like "
                "kindest/node:{version}."
            )
        if self.keep not in KEEP_CHOICES:
            raise BadInput(
                f"keep-cluster is {self.keep!r}; it is one of {', '.join(KEEP_CHOICES)}."
            )
        if self.profile not in PROFILES:
            raise BadInput(f"profile is {self.profile!r}; it is one of {', '.join(PROFILES)}.")
        self._check_times()
        self._check_images()

    @property
    def rest_s(self) -> float:
        """For how long the cluster is watched before the first step and after the last one."""
        return self.watch_before_s + self.watch_after_s

    def _check_times(self) -> None:
        for time_s in (self.watch_before_s, self.watch_after_s):
            if not 0 <= time_s <= LONGEST_WATCH_S:
                raise BadInput(
                    f"watch-before and watch-after are seconds from 0 to {LONGEST_WATCH_S:g}: "
                    f"{time_s:g} cannot be. They cannot be negative or endless."
                )

    def _check_images(self) -> None:
        for image in (self.images.agent, self.images.edge):
            if not image.strip():
                raise BadInput("an image has an empty name; leave the option out for the default.")


def parse_image_overrides(words: Sequence[str]) -> dict[str, str]:
    """Read `v1.34.3=NAME` words; raises BadInput for one that is not of that form."""
    overrides: dict[str, str] = {}
    for word in words:
        version, separator, image = word.partition("=")
        if not (version and separator and image):
            raise BadInput(f"{word!r} names no image; write --image-for v1.34.3=IMAGE.")
        overrides[version if version.startswith("v") else f"v{version}"] = image
    return overrides


def watching_choices(settings: PassSettings) -> dict[str, str]:
    """What is watched other than by default: times around the upgrade, which change every ratio,
    policies of the user, and the profile, since a nightly pass runs more observers and so has more
    load.
    """
    usual_s = WATCHED_AROUND_S.get(settings.provider)
    asked = {"watch-before": settings.watch_before_s, "watch-after": settings.watch_after_s}
    choices = {name: setting(time_s) for name, time_s in asked.items() if time_s != usual_s}
    if settings.guards:
        choices["guard-rails"] = ", ".join(pair.name for pair in settings.guards)
    if settings.profile != PROFILES[0]:
        choices["profile"] = settings.profile
    return choices
