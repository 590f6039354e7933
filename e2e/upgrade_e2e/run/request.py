"""What one invocation asks for: every choice of the user, checked, with a plan for each path."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from upgrade_e2e.backups import is_s3
from upgrade_e2e.errors import BadInput
from upgrade_e2e.gate.from_history import FROM_HISTORY, NO_HISTORY, asks_history, drawn_sentence
from upgrade_e2e.judge import Limits
from upgrade_e2e.observers import Images, read_backup_place, read_guard_pairs
from upgrade_e2e.options import NIGHTLY, OPTIONS, RUN_OPTIONS
from upgrade_e2e.providers.kind import (
    KindConfig,
    absent_images,
    require_accepted,
    require_program,
)
from upgrade_e2e.run.choice import Choice, choose
from upgrade_e2e.run.config import IMAGES, load_config
from upgrade_e2e.run.counts import count_nodes
from upgrade_e2e.run.paths import path_words
from upgrade_e2e.run.planning import plan_of, with_images
from upgrade_e2e.run.providers import is_simulated
from upgrade_e2e.run.reference import Reference, limits_from_history
from upgrade_e2e.run.resolving import ResolvedWords, WordResolver, older_images, pull_sentence
from upgrade_e2e.run.settings import (
    NIGHTLY_AFTER_S,
    NIGHTLY_BEFORE_S,
    WATCHED_AROUND_S,
    PassSettings,
    parse_image_overrides,
)
from upgrade_e2e.upgrade import Fault, Plan

__all__ = ["RunRequest", "settings_of", "values_of"]

_PATHS = frozenset({"from", "to", "via", "path"})
_PLACE, _ENDPOINT = "backup-into", "s3-endpoint"


@dataclass(frozen=True)
class RunRequest:
    """One or several passes, each over a path of its own, with the same settings and limits.

    `artifacts` is the folder for all that they leave. `reference` is what their cost is compared
    with. `drawn` says which limits come from the history, and is empty for none. `why` is a
    sentence about the provider when the user named none, else empty. `images` are sentences about
    versions that the user left open and images that are to be pulled.
    """

    plans: tuple[Plan, ...]
    settings: PassSettings
    limits: Limits
    artifacts: Path
    why: str = ""
    images: tuple[str, ...] = ()
    reference: Reference = field(default_factory=Reference)
    drawn: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any], folder: Path | None = None) -> RunRequest:
        """The request that these options make; nothing is created, changed or pulled.

        Docker, kind and registries may be asked which images there are.

        `given` maps names of options (see upgrade_e2e.options) to values; what is absent, None or
        an empty tuple or list was not given, and comes from the configuration table of `folder` (by
        default the current one) or is the default. Raises BadInput for what cannot work.
        """
        values = values_of(given, folder or Path.cwd())
        words = path_words(values["from"], values["to"], values["via"], values["path"])
        settings = settings_of(values)
        named = values["provider"]
        choice = Choice(named, "") if named else choose(settings)
        settings = _on(choice.provider, settings, values)
        if not is_simulated(settings.provider):
            _require_makeable(settings)
        resolver = WordResolver.of(settings)
        paths = tuple(map(resolver.resolve, words or (resolver.default_path(),)))
        settings = with_images(settings, paths)
        plans = tuple(plan_of(path, settings) for path in paths)
        reference = Reference.load(values["stock"], values["history"], plans)
        limits = _limits(values, plans, settings, reference)
        return cls(
            plans=plans,
            settings=settings,
            limits=limits,
            artifacts=_folder(values["artifacts-dir"]),
            why=choice.why,
            images=_about_images(paths, settings),
            reference=reference,
            drawn=drawn_sentence(limits) if asks_history(values["limits"]) else "",
        )

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a person must know before the pass begins."""
        return (*filter(None, (self.why, self.drawn)), *self.images)

    def folder_of(self, plan: Plan) -> Path:
        """Where the artifacts of one path go: one folder per path when there are several."""
        return self.artifacts if len(self.plans) == 1 else self.artifacts / plan.path.id


def _limits(
    values: Mapping[str, Any], plans: Sequence[Plan], settings: PassSettings, reference: Reference
) -> Limits:
    """The limits of a file, or those that the history gives; raises BadInput."""
    if not asks_history(values["limits"]):
        return Limits.load(values["limits"])
    if reference.history is None:
        raise BadInput(NO_HISTORY)
    if len(plans) > 1:
        raise BadInput(
            f"--limits {FROM_HISTORY} draws limits for one path, and {len(plans)} are asked for; "
            "walk each in a run of its own."
        )
    return limits_from_history(plans[0], settings, reference.history, values["history"])


def _require_makeable(settings: PassSettings) -> None:
    """Refuse, with BadInput, what would end the making of a cluster after its images are pulled."""
    require_program(settings.after_create)
    if settings.kind_config is not None:
        require_accepted(settings.kind_config)


def _about_images(paths: Sequence[ResolvedWords], settings: PassSettings) -> tuple[str, ...]:
    """Each sentence once, and what is to be pulled in all."""
    if is_simulated(settings.provider):
        return ()
    said = dict.fromkeys(line for path in paths for line in path.sentences)
    support = absent_images((settings.images.agent, settings.images.edge))
    nodes = [image for path in paths for image in path.to_pull]
    nodes += [image for path in paths for image in older_images(path.path, settings)]
    pulled = pull_sentence([image for image in nodes if not image.here], support)
    return (*said, *((pulled,) if pulled else ()))


def values_of(given: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A value for each option: what was given, else what the table says, else the default.

    A path on the command line replaces the whole path of the table, and a place for snapshots that
    is none in S3 its endpoint too. Raises BadInput for an option that does not exist, and as
    `load_config`.
    """
    options = (*OPTIONS, *RUN_OPTIONS)
    known = {option.name for option in options}
    if unknown := sorted(set(given) - known):
        raise BadInput(f"there is no option {unknown[0]!r}; known are {', '.join(sorted(known))}.")
    said = {name: value for name, value in given.items() if value not in (None, (), [])}
    table = load_config(said.get("config"), folder)
    replaced = _replaced(said)
    table = {name: value for name, value in table.items() if name not in replaced}
    defaults = {option.name: () if option.multiple else option.default for option in options}
    return {IMAGES: {}, **defaults, **table, **said}


def _replaced(said: Mapping[str, Any]) -> frozenset[str]:
    """What of the table means nothing next to what was said on the command line."""
    path = _PATHS if said.keys() & _PATHS else frozenset()
    elsewhere = _PLACE in said and not is_s3(said[_PLACE])
    return path | {_ENDPOINT} if elsewhere else path


def settings_of(values: Mapping[str, Any]) -> PassSettings:
    """The settings that hold for every path, before the provider is chosen."""
    config = KindConfig.read(values["kind-config"]) if values["kind-config"] else None
    counts = count_nodes(
        values["control-planes"], values["workers"], config, values["reuse-cluster"]
    )
    return PassSettings(
        control_planes=counts.control_planes,
        workers=counts.workers,
        nodes_assumed=counts.assumed,
        node_image=values["node-image"],
        node_images={**values[IMAGES], **parse_image_overrides(values["image-for"])},
        images=Images(agent=values["agent-image"], edge=values["edge-image"]),
        fast_control_plane=values["fast-control-plane"],
        keep=values["keep-cluster"],
        reuse_cluster=values["reuse-cluster"],
        nearest_patch=values["nearest-patch"],
        image_catalogue=values["image-catalogue"],
        kind_config=config,
        after_create=tuple(values["after-create"] or ()),
        upgrade_config=values["upgrade-config"],
        drain_timeout_s=values["drain-timeout"],
        drain_args=tuple(values["drain-args"] or ()),
        wait_for_watches=not values["no-wait-for-watches"],
        step_timeout_s=values["step-timeout"],
        join_node=not values["no-join-node"],
        faults=tuple(Fault.parse(word) for word in values["fault"]),
        guards=read_guard_pairs(
            values["guard-forbidden"], values["guard-allowed"], values["guard-words"]
        ),
        backup_place=read_backup_place(values[_PLACE], values[_ENDPOINT]),
        profile=values["profile"],
    )


def _folder(named: Path) -> Path:
    """The folder for artifacts; raises BadInput where none can be made."""
    # Not resolved: a link that the user named is shown as the user named it.
    folder = Path(os.path.abspath(named))  # noqa: PTH100
    # Not Path.exists, which raises PermissionError below a folder that this user may not enter.
    there = next(place for place in (folder, *folder.parents) if os.path.exists(place))  # noqa: PTH110
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise BadInput(
            f"artifacts-dir {named} cannot be written to, because of {there}; name a folder that "
            "is yours, or one that can be made."
        )
    return folder


def _on(provider: str, settings: PassSettings, values: Mapping[str, Any]) -> PassSettings:
    around_s = WATCHED_AROUND_S.get(provider, 10.0)
    watch_before_s, watch_after_s = values["watch-before"], values["watch-after"]
    longer = settings.profile == NIGHTLY and not is_simulated(provider)
    before_s, after_s = (NIGHTLY_BEFORE_S, NIGHTLY_AFTER_S) if longer else (around_s, around_s)
    return replace(
        settings,
        provider=provider,
        watch_before_s=before_s if watch_before_s is None else watch_before_s,
        watch_after_s=after_s if watch_after_s is None else watch_after_s,
    )
