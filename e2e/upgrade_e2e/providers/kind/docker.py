"""The docker commands that the provider needs, one method each."""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from upgrade_e2e.cluster import Role
from upgrade_e2e.command import Completed, Runner
from upgrade_e2e.errors import BadInput, CommandFailed

__all__ = [
    "CLUSTER_LABEL",
    "ROLE_LABEL",
    "Container",
    "Docker",
    "ListedImage",
    "Server",
    "counted_nodes",
]

CLUSTER_LABEL = "io.x-k8s.kind.cluster"
ROLE_LABEL = "io.x-k8s.kind.role"
QUICK_S = 60.0
PULL_S = 3600.0
RUN_S = 120.0
COPY_S = 300.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Server:
    """What the docker daemon reports about itself; `root` is its data folder on its own machine."""

    version: str
    root: Path


@dataclass(frozen=True)
class Container:
    """A node of a kind cluster as docker sees it."""

    name: str
    role: str
    running: bool
    paused: bool = False


@dataclass(frozen=True)
class ListedImage:
    """A row of `docker image ls`; `tag` or `digest` is empty where docker shows none."""

    tag: str
    digest: str


@dataclass(frozen=True)
class Docker:
    """The docker client of this machine, through one Runner."""

    host: Runner = field(default_factory=Runner)

    def server(self) -> Server:
        """Ask the daemon; raises BadInput when there is no client or no daemon."""
        try:
            output = self._docker("info", "--format", "{{json .}}")
        except CommandFailed as error:
            raise BadInput(
                "docker cannot be used: install and start it (on Debian: ci/kind-host), and let "
                f"this user reach its socket. It said: {error.output.strip()[-300:]}"
            ) from error
        data = json.loads(output.stdout)
        return Server(version=str(data["ServerVersion"]), root=Path(data["DockerRootDir"]))

    def node(self, name: str) -> Runner:
        """Runs commands in the container `name`."""
        return dataclasses.replace(
            self.host, prefix=(*self.host.prefix, "docker", "exec", "--interactive", name)
        )

    def has_image(self, image: str) -> bool:
        """Whether the image is on this machine."""
        asked = self._docker("image", "inspect", "--format", "{{.Id}}", image, check=False)
        return asked.returncode == 0

    def pull(self, image: str, on_line: Callable[[str], None], stopped: threading.Event) -> None:
        """Pull an image; `on_line` gets each line as docker shows it on a terminal.

        Raises CommandFailed, and Hopeless once `stopped` is set: then docker has given it up.
        """
        self.host.follow(
            *("docker", "pull", image),
            on_line=on_line,
            timeout_s=PULL_S,
            terminal=True,
            stopped=stopped,
        )

    def identity(self, image: str) -> tuple[tuple[str, ...], str]:
        """The names by digest and the ID of an image of this machine; raises CommandFailed."""
        asked = self._docker("image", "inspect", "--format", "{{json .RepoDigests}} {{.Id}}", image)
        names, _, image_id = asked.stdout.strip().rpartition(" ")
        return tuple(map(str, json.loads(names) or ())), image_id

    def tags(self, repository: str) -> list[str]:
        """The tags of a repository that are on this machine."""
        output = self._docker("image", "ls", "--format", "{{.Tag}}", repository)
        return [tag for tag in output.stdout.split() if tag != "<none>"]

    def images(self, repository: str) -> list[ListedImage]:
        """The images of a repository that are on this machine; raises CommandFailed."""
        shown = ("--all", "--digests", "--format", "{{.Tag}}\t{{.Digest}}")
        output = self._docker("image", "ls", *shown, repository)
        rows = (line.split("\t") for line in output.stdout.splitlines() if line)
        plain = (["" if cell == "<none>" else cell for cell in row] for row in rows)
        return [ListedImage(tag, digest) for tag, digest in plain]

    def save(self, image: str, into: Path) -> None:
        """Write an image as an archive."""
        self._docker("save", "--output", str(into), image, timeout_s=COPY_S)

    def tag(self, image: str, name: str) -> None:
        """Give an image one more name."""
        self._docker("tag", image, name)

    def untag(self, name: str) -> None:
        """Take a name from an image that has others; one that is gone is fine."""
        _forgive(self._docker("rmi", "--no-prune", name, check=False), ("No such image",))

    def create(self, name: str, image: str) -> None:
        """Make a container that does nothing but sleep, and do not start it yet."""
        argv = ("--name", name, "--network", "none", "--entrypoint", "sleep", image, "infinity")
        self._docker("create", *argv)

    def start(self, name: str) -> None:
        """Start a container."""
        self._docker("start", name)

    def pause(self, name: str) -> None:
        """Pause all processes of a container."""
        self._docker("pause", name)

    def unpause(self, name: str) -> None:
        """Let a paused container go on; one that is not paused, or gone, is fine."""
        done = self._docker("unpause", name, check=False)
        _forgive(done, ("is not paused", "No such container"))

    def run_detached(self, name: str, *argv: str) -> None:
        """Start a command in a running container and leave it running there."""
        self._docker("exec", "--detach", name, *argv)

    def run_container(self, *argv: str) -> None:
        """`docker run` with these arguments, the image among them."""
        self._docker("run", *argv, timeout_s=RUN_S)

    def inspect(self, name: str) -> dict[str, Any]:
        """Everything that docker knows of a container; raises CommandFailed."""
        shown = self._docker("container", "inspect", name).stdout
        found: dict[str, Any] = json.loads(shown)[0]
        return found

    def cluster_of(self, name: str) -> str:
        """The kind cluster that a container is a node of; empty where there is none."""
        label = f'{{{{index .Config.Labels "{CLUSTER_LABEL}"}}}}'
        asked = self._docker("container", "inspect", "--format", label, name, check=False)
        return asked.stdout.strip() if asked.returncode == 0 else ""

    def copy_out(self, container: str, path: str, into: Path) -> None:
        """Copy a file out of a container; `into` is a file or an existing folder."""
        self._docker("cp", f"{container}:{path}", str(into), timeout_s=COPY_S)

    def copy_in(self, source: str, container: str, path: str) -> None:
        """Copy files into a container; `source` ending in `/.` copies a folder's content."""
        self._docker("cp", source, f"{container}:{path}", timeout_s=COPY_S)

    def remove(self, *names: str) -> None:
        """Remove containers with their volumes, running or not; those that are gone are fine."""
        if names:
            done = self._docker("rm", "--force", "--volumes", *names, timeout_s=120, check=False)
            _forgive(done, ("No such container", "is already in progress"))

    def ids_of(self, cluster: str) -> tuple[str, ...]:
        """The full ids of the containers of a kind cluster."""
        mine = f"label={CLUSTER_LABEL}={cluster}"
        output = self._docker("ps", "--all", "--no-trunc", "--quiet", "--filter", mine)
        return tuple(output.stdout.split())

    def nodes_of(self, cluster: str) -> tuple[Container, ...]:
        """The containers of a kind cluster, its load balancer included, by name."""
        shown = f'{{{{.Names}}}}\t{{{{.Label "{ROLE_LABEL}"}}}}\t{{{{.State}}}}'
        output = self._docker(
            *("ps", "--all", "--filter", f"label={CLUSTER_LABEL}={cluster}", "--format", shown)
        )
        rows = (line.split("\t") for line in output.stdout.splitlines() if line)
        found = (Container(n, r, s == "running", s == "paused") for n, r, s in rows)
        return tuple(sorted(found, key=_by_name))

    def _docker(self, *argv: str, timeout_s: float = QUICK_S, check: bool = True) -> Completed:
        return self.host.run("docker", *argv, timeout_s=timeout_s, check=check)


def counted_nodes(cluster: str, docker: Docker | None = None) -> tuple[int, int] | None:
    """How many control planes and workers a kind cluster has, by docker's labels.

    None where docker cannot be asked or there is no such cluster.
    """
    try:
        containers = (docker or Docker()).nodes_of(cluster)
    except CommandFailed as error:
        _log.debug("docker does not list the nodes of %s: %s", cluster, error)
        return None
    roles = [container.role for container in containers]
    counts = roles.count(Role.CONTROL_PLANE.value), roles.count(Role.WORKER.value)
    return counts if any(counts) else None


def _by_name(container: Container) -> tuple[int, str]:
    """control-plane before control-plane2 before control-plane10."""
    return (len(container.name), container.name)


def _forgive(done: Completed, harmless: tuple[str, ...]) -> None:
    """Raise CommandFailed unless every complaint is a harmless one."""
    complaints = [line for line in done.stderr.splitlines() if line]
    if done.returncode and not all(any(w in line for w in harmless) for line in complaints):
        raise CommandFailed(done.command, done.returncode, done.stderr, QUICK_S)
