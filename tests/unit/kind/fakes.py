"""A machine with docker and kind, and a Kubernetes API, both made of dictionaries.

The machine knows exactly the commands that are written down here: any other one fails the test.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from upgrade_e2e.command import Completed, Runner
from upgrade_e2e.errors import CommandFailed, Hopeless

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONTENT = "/var/lib/containerd/io.containerd.content.v1.content/blobs"
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")


def wanted_images(version: str, etcd: str = "3.5.24-0", coredns: str = "v1.12.0") -> list[str]:
    """What kubeadm would name for a version."""
    own = [f"registry.k8s.io/{name}:{version}" for name in COMPONENTS]
    return [
        *own,
        f"registry.k8s.io/coredns/coredns:{coredns}",
        "registry.k8s.io/pause:3.10",
        f"registry.k8s.io/etcd:{etcd}",
    ]


@dataclass
class FakeImage:
    """A node image: the version file, what its kubeadm wants, and its containerd's content.

    `inside` are the container images by name (the digest of each), `blobs` all content by digest.
    """

    version: str | None
    wants: list[str] = field(default_factory=list)
    inside: dict[str, str] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, version: str, **tags: str) -> FakeImage:
        made = cls(version, wanted_images(version, **tags))
        for name in made.wants:
            made.add(name)
        return made

    def add(self, name: str, content: str = "") -> None:
        """Put a container image of one layer in."""
        layer = self.store(f"layer of {name} {content}".encode())
        config = self.store(f"config of {name} {content}".encode())
        manifest = {
            "mediaType": MANIFEST,
            "config": {"mediaType": "config", "digest": config},
            "layers": [{"mediaType": "layer", "digest": layer}],
        }
        self.inside[name] = self.store(json.dumps(manifest).encode())

    def store(self, data: bytes) -> str:
        """Keep content under its digest."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.blobs[digest] = data
        return digest


@dataclass
class FakeContainer:
    image: str
    role: str = ""
    cluster: str = ""
    running: bool = False
    paused: bool = False
    inside: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """As docker lists it."""
        if self.paused:
            return "paused"
        return "running" if self.running else "exited"


@dataclass
class FakeMachine:
    """Docker's and kind's state, every command that was run, and the folders that were named.

    `registry` has what can be pulled; a pull of an image in `held` goes on once its event is set.
    """

    images: dict[str, FakeImage] = field(default_factory=dict)
    containers: dict[str, FakeContainer] = field(default_factory=dict)
    commands: list[tuple[str, ...]] = field(default_factory=list)
    kubeconfig: str = ""
    root: Path = Path("/nowhere")
    broken: dict[str, tuple[int, str]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    kind_config: dict[str, Any] = field(default_factory=dict)
    registry: dict[str, FakeImage] = field(default_factory=dict)
    registry_digests: dict[str, str] = field(default_factory=dict)
    held: dict[str, threading.Event] = field(default_factory=dict)
    folders: dict[tuple[str, ...], Path] = field(default_factory=dict)
    joined: list[str] = field(default_factory=list)

    @property
    def runner(self) -> FakeRunner:
        return FakeRunner(machine=self)

    def ran(self, *words: str) -> list[tuple[str, ...]]:
        """The commands that contain all these words."""
        return [argv for argv in self.commands if all(word in argv for word in words)]

    def answer(  # noqa: C901, PLR0911  (a table reads better)
        self, argv: tuple[str, ...], stdin: str | None, files: Files
    ) -> tuple[int, str]:
        with self.lock:
            self.commands.append(argv)
            shown = " ".join(argv)
            for words, failure in self.broken.items():
                if words in shown:
                    return failure
            match argv:
                case ("docker", "exec", "--detach", name, "sh", "-c", *_):
                    assert self.containers[name].running
                    return 0, ""
                case ("docker", "exec", "--detach", name, *command):
                    assert command[-1] == "containerd", command
                    assert self.containers[name].running
                    return 0, ""
                case ("docker", "exec", "--interactive", name, *command):
                    return self.inside(name, tuple(command), files, stdin)
                case ("docker", *rest):
                    return self.docker(tuple(rest))
                case ("kind", *rest):
                    return self.kind(tuple(rest), stdin, files)
                case ("install-network", *_):
                    return 0, ""
            raise AssertionError(f"unknown command: {shown}")

    def docker(self, argv: tuple[str, ...]) -> tuple[int, str]:  # noqa: C901, PLR0911, PLR0912
        """One docker command; a table reads better than what would make it simpler."""
        match argv:
            case ("info", "--format", "{{json .}}"):
                info = {
                    "ServerVersion": "20.10",
                    "CgroupVersion": "1",
                    "DockerRootDir": str(self.root),
                    "NCPU": 2,
                    "MemTotal": 2**34,
                    "DefaultRuntime": "runc",
                }
                return 0, json.dumps(info)
            case ("image", "inspect", "--format", "{{.Id}}", name):
                return (0, "sha256:1") if name in self.images else (1, "No such image")
            case ("image", "ls", "--format", "{{.Tag}}", repository):
                split = (name.rpartition(":") for name in self.images)
                return 0, "\n".join(tag for repo, _, tag in split if repo == repository)
            case ("image", "inspect", "--format", "{{json .RepoDigests}} {{.Id}}", name):
                digest = self.registry_digests.get(name)
                known = [f"{name.rpartition(':')[0]}@{digest}"] if digest else []
                return 0, f"{json.dumps(known)} sha256:id-of-{name}"
            case ("pull", name):
                if name not in self.registry:
                    return 1, f"manifest for {name} not found: manifest unknown"
                self.images[name] = self.registry[name]
                self.registry_digests[name] = f"sha256:of-{name}"
                return 0, "Status: Downloaded newer image"
            case ("tag", image, name):
                self.images[name] = self.images[image]
                return 0, ""
            case ("rmi", "--no-prune", name):
                gone = self.images.pop(name, None)
                return (0, "") if gone else (1, f"Error: No such image: {name}")
            case ("image", "ls", "--all", "--digests", "--format", _, repository):
                rows = (listed_row(name, repository) for name in self.images)
                return 0, "\n".join(row for row in rows if row)
            case ("save", "--output", path, name):
                assert name in self.images
                Path(path).write_text(name, encoding="utf-8")
                return 0, ""
            case ("create", "--name", name, "--network", "none", "--entrypoint", "sleep", *rest):
                assert name not in self.containers
                self.containers[name] = FakeContainer(rest[0])
                return 0, name
            case ("run", *arguments):
                return self.run_node(arguments)
            case ("container", "inspect", "--format", _, name):
                found = self.containers.get(name)
                return (1, "Error: No such container") if found is None else (0, found.cluster)
            case ("container", "inspect", name):
                return 0, json.dumps([inspected(name, self.containers[name])])
            case ("start", name):
                self.containers[name].running = True
                return 0, name
            case ("pause", name):
                self.containers[name].paused = True
                return 0, name
            case ("unpause", name) if name not in self.containers:
                return 1, f"Error: No such container: {name}"
            case ("unpause", name) if not self.containers[name].paused:
                return 1, f"Error: Container {name} is not paused"
            case ("unpause", name):
                self.containers[name].paused = False
                return 0, name
            case ("cp", source, target):
                return self.copy(source, target)
            case ("rm", "--force", "--volumes", *names):
                for name in names:
                    self.containers.pop(name, None)
                return 0, ""
            case ("ps", "--all", "--filter", label, "--format", _):
                return 0, "\n".join(
                    f"{name}\t{c.role}\t{c.state}" for name, c in self.labelled(label)
                )
            case ("ps", "--all", "--no-trunc", "--quiet", "--filter", label):
                return 0, "\n".join(f"id-of-{name}" for name, _ in self.labelled(label))
        raise AssertionError(f"unknown docker command: {argv}")

    def run_node(self, arguments: list[str]) -> tuple[int, str]:
        """A container of a node that is run by hand, with the labels that it is given."""
        given = dict(word.split("=", 1) for word in arguments if word.startswith("io.x-k8s.kind"))
        name = arguments[arguments.index("--name") + 1]
        assert name not in self.containers
        role, cluster = given["io.x-k8s.kind.role"], given["io.x-k8s.kind.cluster"]
        made = FakeContainer(arguments[-1], role, cluster, running=True)
        self.containers[name] = made
        return 0, name

    def labelled(self, label: str) -> list[tuple[str, FakeContainer]]:
        """The containers of the cluster that a filter names."""
        cluster = label.rpartition("=")[2]
        return [(name, c) for name, c in self.containers.items() if c.cluster == cluster]

    def copy(self, source: str, target: str) -> tuple[int, str]:
        container, colon, path = source.partition(":")
        if colon and container in self.containers:
            image = self.images[self.containers[container].image]
            if path == CONTENT:
                for digest, data in image.blobs.items():
                    file = Path(target, "blobs", *digest.split(":"))
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(data)
                return 0, ""
            if path == "/kind/version" and image.version is None:
                return 1, "Could not find the file"
            into = Path(target)
            into = into / Path(path).name if into.is_dir() else into
            into.write_text(f"{image.version}\n", encoding="utf-8")
            return 0, ""
        container, _, path = target.partition(":")
        for file in Path(source.removesuffix("/.")).iterdir():
            self.containers[container].files[f"{path}/{file.name}"] = file.read_text("utf-8")
        return 0, ""

    def inside(  # noqa: C901, PLR0911, PLR0912  (a table reads better)
        self, name: str, argv: tuple[str, ...], files: Files, stdin: str | None = None
    ) -> tuple[int, str]:
        if name not in self.containers:
            return 1, f"Error: No such container: {name}"
        container = self.containers[name]
        assert container.running, f"{name} is not running"
        assert not container.paused, f"{name} is paused"
        if argv[0] in {"pkill", "sh"}:
            return 0, ""
        if argv[0] == "kubectl" and "--selector" in argv:
            return 0, ""
        image = self.images[container.image]
        present = container.inside or image.inside
        match argv[2:] if argv[0] == "ctr" else argv:
            case ("version",):
                return 0, ""
            case ("images", "list"):
                rows = [f"{n} {MANIFEST} {d} 1 MiB linux/amd64 -" for n, d in present.items()]
                return 0, "\n".join(["REF TYPE DIGEST SIZE PLATFORMS LABELS", *rows])
            case ("kubeadm", "config", "images", "list", "--kubernetes-version", _):
                return 0, "\n".join(image.wants)
            case (kubeadm, "config", "images", "list", option, value) if kubeadm in container.files:
                return 0, "\n".join(self.wanted_by(option, value, stdin))
            case ("images", "tag", source, target):
                container.inside = {**present, target: present[source]}
                return 0, ""
            case ("nice", "-n", "19", "ctr", _, "images", "import", "--all-platforms", "-"):
                assert files.stdin is not None
                container.inside = {**present, **read_archive(files.stdin)}
                return 0, ""
            case ("images", "tag", "--force", name, wanted):
                container.inside[wanted] = present[name.removeprefix("docker.io/")]
                return 0, ""
            case ("images", "remove", gone):
                del container.inside[gone.removeprefix("docker.io/")]
                return 0, ""
            case ("mkdir", "-p", _):
                return 0, ""
            case ("nice", "-n", "19", "ctr", _, "images", "export", "-", image_name):
                assert files.stdout is not None
                files.stdout.write_text(image_name, encoding="utf-8")
                return 0, ""
            case ("curl", "--silent", "--max-time", _, _):
                return 0, container.files.get("health", "")
            case ("cat", path) if path not in container.files:
                return 1, f"cat: {path}: No such file or directory"
            case ("cat", path):
                return 0, container.files[path]
            case ("tee", path):
                container.files[path] = stdin or ""
                return 0, ""
            case ("test", "-e", path):
                return int(path not in container.files), ""
            case ("systemctl", "show", "kubelet", *_):
                return 0, "0"
            case ("kubeadm", "--kubeconfig", _, "token", "create", *_):
                return 0, "W1128 a warning\nabcdef.0123456789abcdef\n"
            case ("kubeadm", "--kubeconfig", _, "token", "delete", "abcdef"):
                return 0, ""
            case ("kubeadm", "join", "--config", path):
                assert path in container.files
                self.joined.append(name)
                return 0, "This node has joined the cluster"
            case ("kubectl", "--kubeconfig", _, "delete", "node", gone, *_):
                self.joined.remove(gone)
                return 0, ""
        raise AssertionError(f"unknown command in {name}: {argv}")

    def wanted_by(self, option: str, value: str, stdin: str | None) -> list[str]:
        """What a staged kubeadm names for a version, or for the configuration on its stdin."""
        read = yaml.safe_load(stdin or "{}")
        version = read["kubernetesVersion"] if option == "--config" else value
        wants = self.images[f"kindest/node:{version}"].wants
        mirror = read.get("imageRepository")
        return [f"{mirror}/{name.rpartition('/')[2]}" if mirror else name for name in wants]

    def kind(self, argv: tuple[str, ...], stdin: str | None, files: Files) -> tuple[int, str]:
        match argv:
            case ("version",):
                return 0, "kind v0.33.0"
            case ("create", "cluster", "--name", name, "--config", "-", "--retain", *rest):
                assert stdin is not None
                self.kind_config = yaml.safe_load(stdin)
                self.make_cluster(name, self.kind_config["nodes"])
                Path(rest[rest.index("--kubeconfig") + 1]).write_text(self.kubeconfig, "utf-8")
                return 0, ""
            case ("get", "kubeconfig", "--name", name):
                assert files.stdout is not None
                assert any(c.cluster == name for c in self.containers.values())
                files.stdout.write_text(self.kubeconfig, encoding="utf-8")
                return 0, ""
            case ("export", "logs", into, "--name", _):
                Path(into, "kind-version.txt").write_text("0.33.0", encoding="utf-8")
                return 0, ""
        raise AssertionError(f"unknown kind command: {argv}")

    def make_cluster(self, name: str, nodes: list[dict[str, str]]) -> None:
        """The containers of a cluster; with several control planes, a load balancer too."""
        counts: dict[str, int] = {}
        for node in nodes:
            role = node["role"]
            counts[role] = counts.get(role, 0) + 1
            number = "" if counts[role] == 1 else str(counts[role])
            made = FakeContainer(node["image"], role, name, running=True)
            self.containers[f"{name}-{role}{number}"] = made
        if counts.get("control-plane", 0) > 1:
            balancer = FakeContainer("envoy", "external-load-balancer", name, running=True)
            self.containers[f"{name}-external-load-balancer"] = balancer


def inspected(name: str, container: FakeContainer) -> dict[str, Any]:
    """What docker shows of a node of kind's, as far as it matters."""
    return {
        "Id": f"id-of-{name}",
        "Name": f"/{name}",
        "Config": {
            "Labels": {
                "io.x-k8s.kind.cluster": container.cluster,
                "io.x-k8s.kind.role": container.role,
                "upgrade-e2e.stand-in": "true",
            },
            "Volumes": {"/var": {}},
            "Env": ["PATH=/usr/bin", "container=docker", "KUBECONFIG=/etc/kubernetes/admin.conf"],
        },
        "HostConfig": {
            "NetworkMode": "kind",
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 1},
            "Init": False,
            "Privileged": True,
            "CgroupnsMode": "private",
            "UsernsMode": "",
            "SecurityOpt": ["seccomp=unconfined", "apparmor=unconfined", "label=disable"],
            "Tmpfs": {"/run": "", "/tmp": ""},  # noqa: S108 - what kind asks for
            "Sysctls": None,
            "Devices": [],
            "Binds": ["/lib/modules:/lib/modules:ro"],
            "PortBindings": {"6443/tcp": [{"HostPort": "40000"}]},
        },
        "NetworkSettings": {
            "Networks": {"kind": {"IPAddress": "172.18.0.9", "GlobalIPv6Address": "fc00::9"}}
        },
    }


def listed_row(name: str, repository: str) -> str:
    """A row of `docker image ls --digests`: an image that was pulled by digest has no tag."""
    whole, _, digest = name.partition("@")
    repo, _, tag = whole.rpartition(":")
    if repo != repository:
        return ""
    return f"<none>\t{digest}" if digest else f"{tag}\t<none>"


def read_archive(archive: Path) -> dict[str, str]:
    """The images in an archive by name; fails the test when a part of one is missing.

    An archive of `docker save` is, on this machine, a file with the image's name in it.
    """
    if not tarfile.is_tarfile(archive):
        return {archive.read_text(encoding="utf-8"): "sha256:saved"}
    with tarfile.open(archive) as tar:
        content = {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}  # type: ignore[union-attr]
    assert json.loads(content["oci-layout"])["imageLayoutVersion"] == "1.0.0"
    found = {}
    for entry in json.loads(content["index.json"])["manifests"]:
        manifest = json.loads(content[blob_path(entry["digest"])])
        for part in (manifest["config"], *manifest["layers"]):
            data = content[blob_path(part["digest"])]
            assert f"sha256:{hashlib.sha256(data).hexdigest()}" == part["digest"]
        assert entry["size"] == len(content[blob_path(entry["digest"])])
        found[entry["annotations"]["io.containerd.image.name"]] = entry["digest"]
    return found


def blob_path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


@dataclass(frozen=True)
class Files:
    stdin: Path | None = None
    stdout: Path | None = None


@dataclass(frozen=True)
class FakeRunner(Runner):
    """A Runner on the fake machine."""

    machine: FakeMachine = field(default_factory=FakeMachine)

    def run(
        self,
        *argv: str,
        timeout_s: float,
        check: bool = True,
        stdin: str | None = None,
        stdin_file: Path | None = None,
        stdout_file: Path | None = None,
        cwd: Path | None = None,
    ) -> Completed:
        whole = (*self.prefix, *argv)
        if cwd is not None:
            self.machine.folders[argv] = cwd
        code, said = self.machine.answer(whole, stdin, Files(stdin_file, stdout_file))
        if check and code != 0:
            raise CommandFailed(" ".join(whole), code, said, timeout_s)
        out, err = (said, "") if code == 0 else ("", said)
        return Completed(" ".join(whole), code, out, err, 0.0)

    def follow(
        self,
        *argv: str,
        on_line: Callable[[str], None],
        timeout_s: float,
        terminal: bool = False,
        stopped: threading.Event | None = None,
    ) -> Completed:
        """A pull, or a command of the user's: its environment is the only thing it says."""
        if argv[:2] != ("docker", "pull"):
            on_line(" ".join(f"{name}={value}" for name, value in self.env))
            return self.run(*argv, timeout_s=timeout_s)
        assert terminal, "docker shows no sizes without a terminal"
        whole, image = (*self.prefix, *argv), argv[-1]
        if image in self.machine.registry:
            on_line(f"1: Pulling from {image}")
            on_line("0123456789ab: Downloading  100MB/400MB")
        while image in self.machine.held and not self.machine.held[image].wait(0.01):
            if stopped is not None and stopped.is_set():
                raise Hopeless("it was stopped")
        code, said = self.machine.answer(whole, None, Files())
        on_line(said)
        if code != 0:
            raise CommandFailed(" ".join(whole), code, said, timeout_s)
        return Completed(" ".join(whole), code, said, "", 0.0)


@dataclass(frozen=True)
class ScriptedRunner(Runner):
    """A Runner that plays answers one after another: output lines, then an exit code."""

    answers: list[tuple[int, str]] = field(default_factory=list)
    seen: list[tuple[str, ...]] = field(default_factory=list)

    def follow(self, *argv: str, on_line: Callable[[str], None], timeout_s: float) -> Completed:
        self.seen.append((*self.prefix, *argv))
        code, said = self.answers.pop(0)
        for line in said.splitlines():
            on_line(line)
        if code != 0:
            raise CommandFailed(" ".join(argv), code, said, timeout_s)
        return Completed(" ".join(argv), code, said, "", 0.0)

    def run(self, *argv: str, timeout_s: float, check: bool = True, **_: Any) -> Completed:
        self.seen.append((*self.prefix, *argv))
        code, said = self.answers.pop(0)
        if check and code != 0:
            raise CommandFailed(" ".join(argv), code, said, timeout_s)
        return Completed(" ".join(argv), code, said, "", 0.0)


@dataclass
class FakeApi:
    """Answers GET by path (query included); a list of answers is played, the last one stays."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def kubeconfig(self) -> str:
        server = f"http://127.0.0.1:{self.port}"
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "clusters": [{"name": "it", "cluster": {"server": server}}],
            "users": [{"name": "it", "user": {}}],
        }
        return yaml.safe_dump(document)

    def answer(self, path: str) -> tuple[int, Any]:
        self.asked.append(path)
        if path not in self.answers:
            return 404, {"message": f"{path} is not known"}
        found = self.answers[path]
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return found if isinstance(found, tuple) else (200, found)

    @contextlib.contextmanager
    def serving(self) -> Iterator[FakeApi]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            disable_nagle_algorithm = True  # a body would wait 40 ms for the ACK of its head

            def do_GET(self) -> None:
                code, body = api.answer(self.path)
                data = json.dumps(body).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def node(name: str, version: str = "v1.33.13", *, ready: bool = True) -> dict[str, Any]:
    """A Node as the API shows it."""
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    status = {"nodeInfo": {"kubeletVersion": version}, "conditions": [condition]}
    return {"metadata": {"name": name}, "status": status}


def stored(**choices: Any) -> dict[str, Any]:
    """The ConfigMap kubeadm-config of a cluster with these choices in its ClusterConfiguration."""
    document = {
        "apiVersion": "kubeadm.k8s.io/v1beta3",
        "kind": "ClusterConfiguration",
        "kubernetesVersion": "v1.33.13",
        **choices,
    }
    return {"data": {"ClusterConfiguration": yaml.safe_dump(document)}}


def pod(
    name: str,
    *,
    labels: dict[str, str] | None = None,
    on: str = "",
    image: str = "registry.k8s.io/x:1",
    ready: bool = True,
    phase: str = "Running",
    annotations: dict[str, str] | None = None,
    created: str = "2026-01-01T00:00:00Z",
) -> dict[str, Any]:
    """A Pod as the API shows it."""
    state = {"running": {}} if phase == "Running" else {"waiting": {"reason": "ContainerCreating"}}
    return {
        "metadata": {
            "name": name,
            "namespace": "kube-system",
            "labels": labels or {},
            "annotations": annotations or {},
            "creationTimestamp": created,
        },
        "spec": {"nodeName": on},
        "status": {
            "phase": phase,
            "containerStatuses": [{"ready": ready, "image": image, "state": state}],
        },
    }
