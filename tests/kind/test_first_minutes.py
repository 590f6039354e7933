"""README's first command on a machine that has docker and kind, and no image yet.

A registry on loopback is the mirror of docker.io. It gets our stand-in images, each as one layer of
its own, so that docker has nothing of them and every byte is pulled. The images of this machine
are set aside under other names meanwhile.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.kind.conftest import MINUTES, NEW, OLD, Tool, docker, orphans
from tests.kind.registry import Registry, forget, running
from upgrade_e2e.cluster import retry_api
from upgrade_e2e.providers.kind import KindProvider, KindSettings
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Marks, resolve
from upgrade_e2e.wait import Deadline, wait_for

pytestmark = pytest.mark.thorough(part="first-minutes")

NODES = [f"kindest/node:{version}" for version in (OLD, NEW)]
SUPPORT = ["python:3.11-slim", "nginx:stable"]
ASIDE = "upgrade-e2e/kept"
UPGRADE = "kubeadm-apply"


@dataclass(frozen=True)
class Mirror:
    """The registry, and the digests of what it was filled with, by name."""

    registry: Registry
    digests: Mapping[str, str]

    def catalogue(self, file: Path) -> Path:
        """Write the catalogue of its node images, newest first, for the kind of this machine."""
        kind = subprocess.run(
            ["kind", "version"], check=True, capture_output=True, text=True, timeout=30
        )
        rows = [f'"{name.partition(":")[2]}" = "{self.digests[name]}"' for name in NODES[::-1]]
        head = [f'kind = "{kind.stdout.split()[1]}"', f'source = "{self.registry.address}"']
        file.write_text("\n".join(["[[release]]", *head, "", "[release.images]", *rows, ""]))
        return file


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirror]:
    """The registry as mirror; UPGRADE_E2E_TEST_REGISTRY names a folder that keeps its content."""
    kept = os.environ.get("UPGRADE_E2E_TEST_REGISTRY")
    with running(Path(kept) if kept else tmp_path_factory.mktemp("registry")) as registry:
        note = registry.folder / "digests.json"
        if not note.exists():
            note.write_text(json.dumps(filled(registry)))
        done = registry.try_to("mirror")
        if "left alone" in done.stderr:
            pytest.skip(done.stderr.strip())
        assert done.returncode == 0, done.stderr
        yield Mirror(registry, json.loads(note.read_text()))


def filled(registry: Registry) -> dict[str, str]:
    """Push all that a pass needs; the digests by name."""
    digests: dict[str, str] = {}
    for name in (*NODES, *SUPPORT):
        flat = f"upgrade-e2e/flat:{uuid.uuid4().hex[:8]}"
        flatten(name, flat)
        try:
            digests |= registry.fill(f"{flat}={name}", within_s=10 * MINUTES)
        finally:
            forget(flat)
    return digests


def flatten(image: str, into: str) -> None:
    """Make an image with the content of another one in one layer, and with its settings.

    But for the stop signal: `docker import` cannot set it, and a pass does not use it.
    """
    config = json.loads(docker("image", "inspect", "--format", "{{json .Config}}", image))
    changes = [
        f"ENV {key}={json.dumps(value)}"
        for key, _, value in (entry.partition("=") for entry in config.get("Env") or ())
    ]
    changes += [
        f"{key.upper()} {json.dumps(config[key])}"
        for key in ("Entrypoint", "Cmd")
        if config.get(key)
    ]
    if config.get("WorkingDir"):
        changes.append(f"WORKDIR {config['WorkingDir']}")
    container = docker("create", image, "true")
    try:
        with subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as export:
            words = [word for change in changes for word in ("--change", change)]
            subprocess.run(
                ["docker", "import", *words, "-", into],
                stdin=export.stdout,
                check=True,
                capture_output=True,
                timeout=5 * MINUTES,
            )
    finally:
        docker("rm", container)


@pytest.fixture
def no_images(mirror: Mirror) -> Iterator[None]:
    """No node image is on this machine, and nothing of what observers deploy."""
    every = [f"kindest/node:{tag}" for tag in docker_tags("kindest/node")] + SUPPORT
    aside = {name: f"{ASIDE}:{number}" for number, name in enumerate(every)}
    with contextlib.ExitStack() as undo:
        for name, kept in aside.items():
            docker("tag", name, kept)
            undo.callback(put_back, name, kept)
            docker("rmi", name)
        before = {name: pinned(name) for name in aside}
        yield
        for name, known in before.items():
            forget(*(pinned(name) - known))
            forget(name)


def docker_tags(repository: str) -> list[str]:
    """The tags of a repository that are on this machine."""
    listed = docker("image", "ls", "--format", "{{.Tag}}", repository).split()
    return [tag for tag in listed if tag != "<none>"]


def pinned(name: str) -> set[str]:
    """The images of its repository that are here, by digest."""
    repository = name.partition(":")[0]
    listed = docker("image", "ls", "--digests", "--format", "{{.Digest}}", repository).split()
    return {f"{repository}@{digest}" for digest in listed if digest != "<none>"}


def put_back(name: str, kept: str) -> None:
    """Give an image its name back."""
    docker("tag", kept, name)
    docker("rmi", kept)


def test_the_first_command_pulls_what_it_needs_and_ends_in_a_real_verdict(
    mirror: Mirror, no_images: None, tool: Tool, capsys: pytest.CaptureFixture[str]
):
    del no_images
    before = orphans()
    catalogue = mirror.catalogue(tool.folder / "catalogue.toml")
    started = time.time()
    ran = tool.run("run", "--image-catalogue", str(catalogue), within_s=20 * MINUTES)
    record = ran.record()
    assert (record["verdict"], ran.code) in {("PASS", 0), ("FAIL", 1)}, ran.output
    assert (record["provider"], record["simulated"]) == ("kind", False)
    assert record["path"] == [OLD, NEW]
    digests = {use: record["image_digests"][use] for use in (OLD, NEW, "agent", "edge")}
    assert list(digests.values()) == [mirror.digests[name] for name in (*NODES, *SUPPORT)]
    spans = record["spans"]
    pulls = {
        span["name"]: span["end_s"] - span["start_s"]
        for span in spans
        if not span["parent"] and span["kind"] == "pull"
    }
    assert len(pulls) == len(digests)
    began_s = record["started_unix_s"] - started
    first_s = began_s + min(span["start_s"] for span in spans if span["kind"] == UPGRADE)
    with capsys.disabled():
        print(
            f"\n{record['verdict']} after {began_s + record['duration_s']:.0f} s, the first step "
            f"of the upgrade after {first_s:.0f} s; pulls in s: {pulls}"
        )
    assert orphans() <= before


def test_pods_run_an_image_that_is_pinned_by_digest_though_nodes_reach_no_registry(
    mirror: Mirror, tmp_path: Path
):
    name = SUPPORT[0]
    image = f"{mirror.registry.address}/library/{name}@{mirror.digests[name]}"
    settings = KindSettings(workdir=tmp_path, workers=1, preload_images=(image,))
    provider = KindProvider(settings)
    plan = provider.plan(resolve([OLD, NEW], []))
    creation = dataclasses.replace(plan, prepare=plan.prepare[:1], upgrade=(), verify=())
    container = {"name": "it", "image": image, "command": ["sleep", "infinity"]}
    try:
        cluster = provider.create(creation, Marks(Origin()))
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "pinned", "namespace": "default"},
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
        }
        retry_api(lambda: cluster.api.apply(pod))
        wait_for(
            "the pod",
            lambda: retry_api(
                lambda: cluster.api.get_json("/api/v1/namespaces/default/pods/pinned")
            )["status"],
            lambda status: status["phase"] == "Running",
            Deadline(within_s=2 * MINUTES, every_s=1),
        )
    finally:
        provider.close()
        forget(image)
