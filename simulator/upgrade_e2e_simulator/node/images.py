"""What an image and a command mean here, where no image is ever pulled."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath

from upgrade_e2e_simulator.node.launcher import Program
from upgrade_e2e_simulator.store import Object

__all__ = ["IN_PROCESS", "Unknown", "program_of", "short_name", "sleep_of", "tag_of"]

IN_PROCESS = frozenset(
    {
        "etcd",
        "kindnetd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-proxy",
        "kube-scheduler",
        "pause",
    }
)
"""Images whose containers are parts of the simulator itself, or do nothing."""
_BUILT_IN = {"coredns": "coredns", "nginx": "edge"}
_PYTHON = re.compile(r"python(3(\.\d+)?)?")
_SHELLS = frozenset({"sh", "bash", "ash"})
_EXEC = re.compile(r"(exec\s+)?(.*)", re.DOTALL)


class Unknown(ValueError):
    """A container that cannot run here; the message says why."""


def short_name(image: str) -> str:
    """`registry.k8s.io/coredns/coredns:v1.12.0` is `coredns`."""
    return image.split("@", maxsplit=1)[0].rsplit("/", 1)[-1].split(":", maxsplit=1)[0]


def tag_of(image: str) -> str:
    """The tag; `latest` when there is none."""
    _, found, tag = image.split("@", maxsplit=1)[0].rsplit("/", 1)[-1].partition(":")
    return tag if found else "latest"


def program_of(container: Object, argv: Sequence[str]) -> Program | None:
    """What to run for a container with this command line; None for images in this process.

    Raises Unknown for all else: the simulator runs Python programs, and images that it knows.
    """
    name = short_name(str(container["image"]))
    if name in IN_PROCESS:
        return None
    if name in _BUILT_IN:
        return Program(_BUILT_IN[name], tuple(argv))
    argv = _unwrapped(argv)
    if argv and PurePosixPath(argv[0]).name == "sleep":
        return None
    if argv and _PYTHON.fullmatch(PurePosixPath(argv[0]).name):
        return _python(argv[1:])
    raise Unknown(
        f"image {container['image']!r} with command {shlex.join(argv) or '(its own)'} does not run "
        "in a simulated cluster; it runs `python3 FILE ...`, pause, coredns and nginx as a proxy"
    )


def _unwrapped(argv: Sequence[str]) -> Sequence[str]:
    """`sh -c "exec python3 x.py"` is `python3 x.py`."""
    if len(argv) == 3 and PurePosixPath(argv[0]).name in _SHELLS and argv[1] == "-c":
        match = _EXEC.fullmatch(argv[2])
        return shlex.split(match[2]) if match else argv
    return argv


def _python(given: Sequence[str]) -> Program:
    words = list(given)
    while words:
        word = words.pop(0)
        if word in {"-c", "-m"} and words:
            return Program({"-c": "code", "-m": "module"}[word], tuple(words))
        if not word.startswith("-"):
            return Program("script", (word, *words))
    raise Unknown("python3 without a program does not run in a simulated cluster")


def sleep_of(argv: Sequence[str]) -> float | None:
    """The seconds of `sleep N`, also inside `sh -c`; None for any other command."""
    words = list(_unwrapped(argv))
    if len(words) == 2 and PurePosixPath(words[0]).name == "sleep":
        try:
            return float(words[1].removesuffix("s"))
        except ValueError:
            return None
    return None
