"""Images from a real registry on loopback: pulled, refused, broken off. No cluster is made."""

from __future__ import annotations

import os
import signal
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.kind.conftest import NEW, OLD, Tool, docker, orphans
from tests.kind.registry import Registry, forget, make_image, running
from upgrade_e2e.command import Runner
from upgrade_e2e.errors import BadInput, Hopeless
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.pulls import Pulls
from upgrade_e2e.providers.kind.resolving.credentials import DockerLogins
from upgrade_e2e.providers.kind.resolving.reference import split_reference
from upgrade_e2e.providers.kind.resolving.registry import Registry as OciRegistry
from upgrade_e2e.run.resolving import resolve_words
from upgrade_e2e.run.settings import PassSettings
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Marks
from upgrade_e2e.wait import Deadline, wait_for


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that gives its images to everybody."""
    with running(tmp_path_factory.mktemp("registry")) as made:
        yield made


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that asks for a user and a password."""
    with running(tmp_path_factory.mktemp("private"), "somebody", "a long secret") as made:
        yield made


@pytest.fixture
def small() -> Iterator[str]:
    """The name of a small image that is on this machine."""
    name = f"upgrade-e2e-test/small:{uuid.uuid4().hex[:8]}"
    make_image(name)
    yield name
    forget(name)


@pytest.fixture
def pulls() -> Iterator[Pulls]:
    """The pulls of a pass."""
    made = Pulls(Docker(), Marks(Origin()))
    yield made
    made.stop()


def pulled(pulls: Pulls, image: str) -> str:
    """Pull one image, which is deleted again; the digest that a record would have."""
    pulls.start({image: "Name another one."})
    try:
        pulls.wait(image)
        pulls.note("it", image)
    finally:
        forget(image)
    return pulls.marks.images["it"].digest


def test_an_image_is_pulled_by_its_tag_and_recorded_by_its_digest(registry, small, pulls):
    pushed = registry.fill(small)[small]
    forget(small)
    assert pulled(pulls, f"{registry.address}/{small}") == pushed


def test_the_registry_says_which_tags_and_digests_it_has(registry, small):
    pushed = registry.fill(small)[small]
    repository, tag = split_reference(f"{registry.address}/{small}")
    asked = OciRegistry(repository)
    assert tag in asked.tags()
    assert asked.digest(tag) == pushed
    assert asked.digest("none") is None


def test_the_registry_is_asked_with_dockers_own_password(private, small):
    pushed = private.fill(small)[small]
    repository, tag = split_reference(f"{private.address}/{small}")
    logins = DockerLogins(Path(private.docker_config))
    assert OciRegistry(repository, logins).digest(tag) == pushed
    with pytest.raises(BadInput, match="docker login"):
        OciRegistry(repository, DockerLogins(Path("/nowhere"))).digest(tag)


def test_a_path_is_resolved_from_the_tags_of_the_registry(registry, small):
    node = f"upgrade-e2e-test/node-{uuid.uuid4().hex[:8]}"
    versions = {version: f"{node}:{version}" for version in ("v1.33.9", "v1.33.11", "v1.34.2")}
    digests = registry.fill(*(f"{small}={name}" for name in versions.values()))
    template = f"{registry.address}/{node}:{{version}}"
    resolved = resolve_words(("v1.33", "latest"), PassSettings(node_image=template))
    assert [str(version) for version in resolved.versions] == ["v1.33.11", "v1.34.2"]
    for version, image in resolved.images.items():
        assert image == f"{registry.address}/{versions[version]}@{digests[versions[version]]}"


def test_a_name_with_a_digest_gives_that_image_though_its_tag_has_moved(registry, small, pulls):
    first = registry.fill(small)[small]
    forget(small)
    make_image(small)
    assert registry.fill(small)[small] != first
    assert pulled(pulls, f"{registry.address}/{small}@{first}") == first


def test_a_password_is_asked_for_and_dockers_own_is_used(private, small, pulls):
    pushed = private.fill(small)[small]
    forget(small)
    image = f"{private.address}/{small}"
    with pytest.raises(BadInput, match=rf"log in with `docker login {private.address}`"):
        pulled(pulls, image)
    known = Docker(Runner(env=(("DOCKER_CONFIG", private.docker_config),)))
    assert pulled(Pulls(known, Marks(Origin())), image) == pushed


def test_a_tag_that_the_registry_does_not_have_is_refused(registry, small, pulls):
    registry.fill(small)
    with pytest.raises(BadInput, match=r"no such image: check name, tag and digest.*docker said"):
        pulled(pulls, f"{registry.address}/{small}-other")


def test_a_registry_that_is_down_is_refused(tmp_path, pulls):
    with running(tmp_path / "down") as down:
        address = down.address
    with pytest.raises(BadInput, match=rf"registry {address} cannot be reached.*refused"):
        pulled(pulls, f"{address}/small:1")


def test_how_much_was_pulled_is_said(registry, pulls):
    name = f"upgrade-e2e-test/large:{uuid.uuid4().hex[:8]}"
    make_image(name, size=30_000_000)
    registry.fill(name)
    forget(name)
    said: list[str] = []
    pulls.marks.say = said.append
    pulled(pulls, f"{registry.address}/{name}")
    assert said[0] == f"Pulling {registry.address}/{name}."
    assert "(30 MB)" in said[1]


@pytest.fixture
def stalled(registry: Registry) -> Iterator[Registry]:
    """The registry takes connections and answers nothing."""
    os.kill(registry.pid, signal.SIGSTOP)
    yield registry
    os.kill(registry.pid, signal.SIGCONT)


def pulling(image: str) -> list[psutil.Process]:
    """The processes that pull an image."""
    argv = ["docker", "pull", image]
    return [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == argv]


def test_a_pull_that_is_broken_off_ends_at_once_and_leaves_nothing(stalled, pulls):
    image = f"{stalled.address}/upgrade-e2e-test/small:1"
    pulls.start({image: ""})
    wait_for("the pull", lambda: pulling(image), bool, Deadline(within_s=30, every_s=0.1))
    stopping = threading.Thread(target=pulls.stop)
    stopping.start()
    stopping.join(30)
    assert not stopping.is_alive()
    with pytest.raises(Hopeless):
        pulls.wait(image)
    assert pulling(image) == []


def test_a_pass_is_interrupted_while_it_pulls(stalled, tool: Tool):
    before = orphans()
    template = f"{stalled.address}/kindest/node:{{version}}"
    process = tool.start(
        "run", "--provider", "kind", "--from", OLD, "--to", NEW, "--node-image", template
    )
    tool.wait_for_output(f"Pulling {template.format(version=OLD)}", within_s=60)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130, tool.output()
    assert [pulling(template.format(version=version)) for version in (OLD, NEW)] == [[], []]
    assert orphans() <= before


@pytest.fixture
def mirror(registry: Registry) -> Iterator[Registry]:
    """The registry is where this machine's docker looks for images of docker.io."""
    before = daemon_json()
    done = registry.try_to("mirror")
    if "left alone" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    yield registry
    registry.call("unmirror")
    assert daemon_json() == before
    assert docker("info", "--format", "{{json .RegistryConfig.Mirrors}}") in {"[]", "null"}


def daemon_json() -> bytes | None:
    """The configuration of this machine's dockerd, None where it has none."""
    file = Path("/etc/docker/daemon.json")
    return file.read_bytes() if file.exists() else None


def test_an_image_of_docker_io_comes_from_a_mirror(mirror, small, pulls):
    pushed = mirror.fill(small)[small]
    forget(small)
    assert pulled(pulls, small) == pushed
