"""A kindest/node image: the base, one version's commands, and the images it runs."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nodeimage import archive, docker, gobuild, keys, layers, nodebase, programs
from nodeimage.archive import Image
from nodeimage.components import (
    FLANNEL_IMAGE,
    ComponentImages,
    check_pins,
    net_root,
    wanted_images,
)
from nodeimage.layers import Entry, File
from nodeimage.pins import KubernetesPins, Pins
from nodeimage.progress import step
from nodeimage.store import Store

CONTAINERD_DEADLINE_S = 60
CTR = ("ctr", "--namespace=k8s.io")
RECIPES = ("node", "components", "archive", "programs")
PAUSE_SOURCE = Path(__file__).resolve().parent.parent / "pause"
NETWORK_MANIFEST = nodebase.FILES / "default-cni.yaml"
ENTRYPOINT = ("/usr/local/bin/entrypoint", "/sbin/init")


@dataclass(frozen=True)
class NodeImage:
    """The image of one Kubernetes version."""

    pins: Pins
    version: str

    @property
    def tag(self) -> str:
        """The name that `kind create cluster --image` takes."""
        return f"kindest/node:{self.version}"

    @property
    def kubernetes(self) -> KubernetesPins:
        """The pins of this version."""
        return self.pins.of(self.version)

    @property
    def key(self) -> str:
        """Changes with anything that goes into the image."""
        return keys.content_key(
            nodebase.key(self.pins.debian, self.pins.kind),
            net_root(self.pins.debian).key,
            [program.key for program in programs.all_of(self.kubernetes)],
            self.kubernetes.pause,
            keys.file_key(PAUSE_SOURCE, NETWORK_MANIFEST),
            keys.recipe_key(*RECIPES),
        )

    def assemble(self, store: Store, built: Mapping[str, Path]) -> None:
        """Make the image out of artifacts that are all there."""
        with step(f"put {self.tag} together"), store.scratch("node-") as scratch:
            images = self._images(scratch, built)
            bundle = scratch / "images.tar"
            archive.write(bundle, images)
            base = load_base(store, self.pins, built["root-node"])
            with docker.idle_container(base) as container:
                self._fill(container, scratch, built["kubernetes"])
                import_images(container, bundle, [tag for image in images for tag in image.tags])
                docker.commit(container, self.tag, self._changes())

    def _images(self, scratch: Path, built: Mapping[str, Path]) -> list[Image]:
        names = wanted_images(built["kubernetes"] / "kubeadm", self.kubernetes)
        check_pins(self.kubernetes, names)
        pause = scratch / "pause"
        gobuild.build_local(PAUSE_SOURCE, pause, f"-s -w -X=main.version={self.kubernetes.pause}")
        sandbox = nodebase.sandbox_image(kind_folder(self.pins))
        made = ComponentImages(scratch, {**built, "pause": pause}, built["root-net"], sandbox)
        return made.all(self.kubernetes, names)

    def _fill(self, container: str, scratch: Path, commands: Path) -> None:
        network = NETWORK_MANIFEST.read_text(encoding="utf-8")
        network = network.replace("FLANNEL_IMAGE", f"{FLANNEL_IMAGE}:{self.kubernetes.flannel}")
        spec = docker.execute(container, "ctr", "oci", "spec")
        content: list[Entry] = [
            *(File(f"usr/bin/{name}", commands / name, 0o755) for name in programs.NODE_COMMANDS),
            File("kind/version", self.version.encode()),
            File("kind/manifests/default-cni.yaml", network.encode()),
            File("etc/containerd/cri-base.json", container_defaults(spec).encode()),
        ]
        docker.copy_in(container, layers.write(scratch / "version.tar", content).path)

    def _changes(self) -> list[str]:
        made_from = (
            f"k8s.io/kubernetes {self.version}, etcd {self.kubernetes.etcd}, CoreDNS "
            f"{self.kubernetes.coredns}, flannel {self.kubernetes.flannel}, kind {self.pins.kind}, "
            f"Debian {self.pins.debian}, {gobuild.go_version()}"
        )
        marks = docker.stand_in_labels(self.key, made_from)
        labels = [f"LABEL {name}={json.dumps(value)}" for name, value in marks.items()]
        return [f"ENTRYPOINT {json.dumps(ENTRYPOINT)}", "CMD []", *labels]


def load_base(store: Store, pins: Pins, root: Path) -> str:
    """The base as a docker image, loaded unless docker has it."""
    content = nodebase.key(pins.debian, pins.kind)
    name = f"{nodebase.BASE_IMAGE}{content}"
    if docker.is_current(name, content):
        return name
    with step("load the node base into docker"), store.scratch("base-") as scratch:
        overlay = layers.write(scratch / "overlay.tar", nodebase.entries(kind_folder(pins)))
        made_from = f"Debian {pins.debian}, files of kind {pins.kind}"
        image = Image(
            (name,),
            (layers.existing(root), overlay),
            entrypoint=ENTRYPOINT,
            # systemd stops on this signal, and looks for this variable.
            stop_signal="SIGRTMIN+3",
            env=("container=docker",),
            labels=docker.stand_in_labels(content, made_from),
        )
        archive.write(scratch / "base.tar", [image])
        docker.load(scratch / "base.tar")
    return name


def kind_folder(pins: Pins) -> Path:
    """Where kind's own files lie."""
    return gobuild.module_folder(nodebase.KIND_MODULE, pins.kind)


def container_defaults(spec: str) -> str:
    """The default container, with the hook of kind that hides the names of the host's hardware."""
    settings = json.loads(spec)
    settings["process"].pop("rlimits", None)
    hooks = settings.setdefault("hooks", {}).setdefault("createContainer", [])
    hooks.append({"path": "/kind/bin/mount-product-files.sh"})
    return json.dumps(settings, indent=1)


def import_images(container: str, bundle: Path, wanted: list[str]) -> None:
    """Put images into the node's own containerd, and read back that they are there."""
    docker.start(container, "containerd")
    _wait_for_containerd(container)
    importing = (*CTR, "images", "import", "--all-platforms", "--no-unpack", "-")
    docker.pipe_in(container, bundle, *importing)
    present = docker.execute(container, *CTR, "images", "list", "--quiet").split()
    missing = sorted(set(wanted) - set(present))
    if missing:
        raise RuntimeError(f"the node image lacks {', '.join(missing)} after the import.")
    docker.execute(container, "pkill", "--exact", "containerd")
    docker.wait_gone(container, "containerd", CONTAINERD_DEADLINE_S)
    docker.execute(container, "rm", "-rf", "/run/containerd")


def _wait_for_containerd(container: str) -> None:
    deadline = time.monotonic() + CONTAINERD_DEADLINE_S
    while not docker.succeeds(container, *CTR, "version"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"containerd did not answer within {CONTAINERD_DEADLINE_S} s.")
        time.sleep(0.2)
