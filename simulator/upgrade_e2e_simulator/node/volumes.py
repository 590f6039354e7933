"""Volumes are folders of the pod; a mount is a path of the container and what it leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from upgrade_e2e_simulator.api.client import Client
from upgrade_e2e_simulator.node.environment import data_of, field_of
from upgrade_e2e_simulator.store import Object, namespace_of

__all__ = ["NodeFolders", "Volumes"]


@dataclass(frozen=True)
class NodeFolders:
    """Where a node keeps its files: pods below `pods`, host paths below `host`."""

    root: Path

    def pod(self, uid: str) -> Path:
        """The folder of a pod."""
        return self.root / "pods" / uid

    def host(self, path: str) -> Path:
        """What a hostPath is on this node."""
        return self.root / "host" / path.lstrip("/")

    @property
    def table(self) -> Path:
        """The node's service table."""
        return self.root / "services.json"


class Volumes:
    """The volumes of one pod. `token` asks for a service account token (one API call)."""

    def __init__(self, client: Client, pod: Object, folders: NodeFolders, address: str) -> None:
        self._client = client
        self._pod = pod
        self._folders = folders
        self._address = address
        self._root = folders.pod(pod["metadata"]["uid"])

    def prepare(self, token: Callable[[], str]) -> None:
        """Make all volumes. Raises MissingReference while a ConfigMap or Secret is not there."""
        self._root.mkdir(parents=True, exist_ok=True)
        for volume in self._pod["spec"].get("volumes") or ():
            self._prepare(volume, token)

    def mounts(self, container: Object) -> list[tuple[str, str]]:
        """Mount points of a container and the folders or files behind them."""
        volumes = {volume["name"]: volume for volume in self._pod["spec"].get("volumes") or ()}
        found = []
        for mount in container.get("volumeMounts") or ():
            behind = self._place(volumes[mount["name"]])
            if sub := mount.get("subPath"):
                behind = behind / sub
            found.append((mount["mountPath"].rstrip("/"), str(behind)))
        return found

    def _place(self, volume: Object) -> Path:
        if host := volume.get("hostPath"):
            return self._folders.host(host["path"])
        return self._root / "volumes" / str(volume["name"])

    def _prepare(self, volume: Object, token: Callable[[], str]) -> None:
        place = self._place(volume)
        place.mkdir(parents=True, exist_ok=True)
        if source := volume.get("configMap"):
            self._write(place, self._data("configmaps", source), source.get("items"))
        elif source := volume.get("secret"):
            named = {**source, "name": source["secretName"]}
            self._write(place, self._data("secrets", named), source.get("items"))
        elif source := volume.get("projected"):
            for part in source.get("sources") or ():
                self._project(place, part, token)
        elif source := volume.get("downwardAPI"):
            self._write_fields(place, source.get("items") or ())

    def _project(self, place: Path, part: Object, token: Callable[[], str]) -> None:
        if source := part.get("serviceAccountToken"):
            _write_file(place / source["path"], token().encode())
        elif source := part.get("configMap"):
            self._write(place, self._data("configmaps", source), source.get("items"))
        elif source := part.get("secret"):
            self._write(place, self._data("secrets", source), source.get("items"))
        elif source := part.get("downwardAPI"):
            self._write_fields(place, source.get("items") or ())

    def _data(self, kind: str, source: Object) -> dict[str, bytes]:
        return data_of(self._client, kind, namespace_of(self._pod), source)

    def _write(self, place: Path, data: dict[str, bytes], items: Iterable[Object] | None) -> None:
        chosen = (
            {item["path"]: data[item["key"]] for item in items if item["key"] in data}
            if items
            else data
        )
        for path, content in chosen.items():
            _write_file(place / path, content)

    def _write_fields(self, place: Path, items: Iterable[Object]) -> None:
        for item in items:
            value = field_of(self._pod, item["fieldRef"]["fieldPath"], self._address)
            _write_file(place / item["path"], value.encode())


def _write_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
