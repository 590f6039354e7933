"""The user's own way to upgrade: a kubeadm UpgradeConfiguration from a file of theirs."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.config import (
    UPGRADE_API,
    UPGRADE_KIND,
    ignored_with,
    upgrade_config,
)
from upgrade_e2e.providers.kind.config_text import without_tabs
from upgrade_e2e.version import KubeVersion, MinorVersion

__all__ = ["APPLY_SKIPS_SINCE", "UpgradeConfig"]

APPLY_SKIPS_SINCE = MinorVersion(1, 32)
"""From this minor on, kubeadm honours `apply.skipPhases`; before, it ignores the field."""

_SECTIONS = ("apply", "diff", "node", "plan")
_TOP = frozenset({"apiVersion", "kind", "timeouts", *_SECTIONS})
_ADDONS = {"addon/coredns": "coredns", "addon/kube-proxy": "kube-proxy"}
_CONTROL_PLANE = "control-plane"
_PHASES = (
    *("preflight", _CONTROL_PLANE, "upload-config", "kubelet-config", "bootstrap-token"),
    *("addon", *_ADDONS, "post-upgrade"),
)
_LISTS = ("ignorePreflightErrors", "skipPhases")
_SWITCHED_OFF = ("certificateRenewal", "etcdUpgrade")
_FLAGS = ("dryRun", *_SWITCHED_OFF)


@dataclass(frozen=True)
class UpgradeConfig:
    """An UpgradeConfiguration (kubeadm.k8s.io/v1beta4) of the user's.

    `file` is its name as the user gave it, `digest` the SHA-256 of its bytes, in hex.
    """

    file: Path
    digest: str
    document: Mapping[str, Any]

    @classmethod
    def read(cls, file: Path) -> UpgradeConfig:
        """The configuration in `file`; raises BadInput for what kubeadm could not upgrade by."""
        try:
            data = file.read_bytes()
            text = without_tabs(data.decode("utf-8-sig"))
            documents = [one for one in yaml.safe_load_all(text) if one is not None]
        except OSError as error:
            raise BadInput(
                f"--upgrade-config {file} cannot be read ({error.strerror}); check the path."
            ) from error
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
            said = " ".join(str(error).split())
            raise BadInput(f"--upgrade-config {file} is not YAML: {said}; correct it.") from error
        if problem := next(_problems(documents), None):
            raise BadInput(f"--upgrade-config {file}: {problem}")
        return cls(file, hashlib.sha256(data).hexdigest(), documents[0])

    def text(self, target: KubeVersion) -> str:
        """The same for one hop, as YAML: its version and kind's ignored errors are put in.

        `kubeadm upgrade plan`, which reads back whether work is left, makes the checks of `apply`
        again, and ignores what that ignores.
        """
        made = {**self.document}
        for section, ours in yaml.safe_load(upgrade_config(target)).items():
            if section not in _SECTIONS:
                continue
            own = self._section(section)
            given = dict.fromkeys(self.ignored(section))
            if section == "plan":
                given |= dict.fromkeys(self.ignored("apply"))
            errors = ignored_with(given)
            made[section] = {**own, **ours, "ignorePreflightErrors": list(errors)}
        if "kubernetesVersion" in self._section("diff"):
            made["diff"] = {**self._section("diff"), "kubernetesVersion": str(target)}
        return yaml.safe_dump(made, sort_keys=False)

    def ignored(self, command: str) -> tuple[str, ...]:
        """The preflight errors that `apply` or `node` is to ignore."""
        return tuple(self._section(command).get("ignorePreflightErrors") or ())

    def skipped_phases(self, command: str) -> tuple[str, ...]:
        """The phases that `kubeadm upgrade apply` or `node` is to skip."""
        return tuple(self._section(command).get("skipPhases") or ())

    def patches(self, command: str) -> str:
        """The folder of patches on the nodes that `apply` or `node` uses; empty for none."""
        return str((self._section(command).get("patches") or {}).get("directory") or "")

    def left_alone(self, control_planes: int) -> frozenset[str]:
        """The components that kubeadm leaves as they are: of coredns, kube-proxy and etcd.

        The last control plane rolls the addons: `apply` does where it is the only one, else
        `node`. Each control plane renews its own etcd.
        """
        last = "apply" if control_planes == 1 else "node"
        skipped = self.skipped_phases(last)
        alone = {name for phase, name in _ADDONS.items() if {phase, "addon"} & set(skipped)}
        if any(self._section(command).get("etcdUpgrade") is False for command in {"apply", last}):
            alone.add("etcd")
        return frozenset(alone)

    def require_fit(self, target: KubeVersion, control_planes: int) -> None:
        """Refuse, with BadInput, what would leave a hop to `target` undone."""
        skipped = self.skipped_phases("apply")
        if skipped and target.minor_version < APPLY_SKIPS_SINCE:
            raise BadInput(
                f"--upgrade-config {self.file}: kubeadm {target} ignores skipPhases of apply, "
                f"which it reads from {APPLY_SKIPS_SINCE} on; leave it out, or choose a later path."
            )
        for command in ("apply", "node") if control_planes > 1 else ("apply",):
            if _CONTROL_PLANE in self.skipped_phases(command):
                raise BadInput(
                    f"--upgrade-config {self.file}: {command} skips the phase {_CONTROL_PLANE}, so "
                    "the control plane would stay at the old version; leave it out."
                )

    def describe(self) -> str:
        """The file's name and digest, and what it changes: equal for equal files in any folder."""
        parts = [f"{self.file.name} (sha256:{self.digest[:12]})"]
        for command in ("apply", "node"):
            if skipped := self.skipped_phases(command):
                parts.append(f"{command} skips {', '.join(skipped)}")
            if folder := self.patches(command):
                parts.append(f"{command} uses patches in {folder}")
            section = self._section(command)
            if version := section.get("kubernetesVersion"):
                parts.append(f"its {command}.kubernetesVersion {version} gives way to the path's")
            off = [flag for flag in _SWITCHED_OFF if section.get(flag) is False]
            parts += [f"{command} has {flag}: false" for flag in off]
        return "; ".join(parts)

    def _section(self, name: str) -> Mapping[str, Any]:
        return self.document.get(name) or {}


def _problems(documents: list[Any]) -> Iterator[str]:
    """What is wrong with the documents of a file, the first thing first."""
    if len(documents) != 1:
        yield f"it holds {len(documents)} documents; write one {UPGRADE_KIND} and nothing else."
        return
    document = documents[0]
    if not isinstance(document, dict):
        yield f"it is no mapping but {str(document)[:60]!r}; write one {UPGRADE_KIND}."
        return
    kind, api = document.get("kind"), document.get("apiVersion")
    if kind != UPGRADE_KIND:
        yield f"its kind is {kind!r}; write `kind: {UPGRADE_KIND}`."
    if api != UPGRADE_API:
        older = ""
        if api == "kubeadm.k8s.io/v1beta3":
            older = f" v1beta3 has no {UPGRADE_KIND}."
        yield f"its apiVersion is {api!r}; write `apiVersion: {UPGRADE_API}`.{older}"
    if unknown := sorted(str(key) for key in document if key not in _TOP):
        yield f"it has the unknown key {unknown[0]!r}; known are {', '.join(sorted(_TOP))}."
    for section in _SECTIONS:
        yield from _wrong_in(section, document.get(section))


def _wrong_in(section: str, content: Any) -> Iterator[str]:
    """What is wrong with one section, of what this tool reads; the rest is kubeadm's to check."""
    if content is None:
        return
    if not isinstance(content, dict):
        yield f"{section} is {content!r}; write a mapping."
        return
    given = {key: value for key, value in content.items() if value is not None}
    for key in given.keys() & set(_LISTS):
        words = given[key]
        if not (isinstance(words, list) and all(isinstance(word, str) for word in words)):
            yield f"{section}.{key} is {words!r}; write a list of texts."
    yield from _misspelt(section, given.get("skipPhases") or ())
    for key in given.keys() & set(_FLAGS):
        if not isinstance(given[key], bool):
            yield f"{section}.{key} is {given[key]!r}; write true or false."
    if content.get("dryRun") and section in {"apply", "node"}:
        yield f"{section}.dryRun is true, so nothing would be upgraded; leave it out."
    yield from _wrong_patches(section, content.get("patches"))


def _misspelt(section: str, phases: Iterable[str]) -> Iterator[str]:
    """Phases that are nearly known ones; a newer kubeadm may have others."""
    for phase in phases:
        near = difflib.get_close_matches(phase, _PHASES, n=1, cutoff=0.8)
        if phase not in _PHASES and near:
            yield f"{section}.skipPhases has {phase!r}; did you mean {near[0]!r}?"


def _wrong_patches(section: str, patches: Any) -> Iterator[str]:
    if patches is None:
        return
    folder = patches.get("directory") if isinstance(patches, dict) else None
    if not isinstance(folder, str) or not folder.startswith("/"):
        yield (
            f"{section}.patches is {patches!r}; write `patches: {{directory: /FOLDER}}` with a "
            "folder on the nodes, from the root."
        )
