"""What this machine lacks for real clusters, and the command that fixes it."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from upgrade_e2e.command import Runner
from upgrade_e2e.errors import CommandFailed, DamagedRecord
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.finding import GOOD, NOTE, PROBLEM, UNSURE, Finding, Level
from upgrade_e2e.providers.kind.image_findings import (
    node_image_findings,
    support_image_finding,
)
from upgrade_e2e.providers.kind.ledger import Ledger
from upgrade_e2e.providers.kind.settings import KindSettings

__all__ = ["Machine", "conclude", "examine"]

GIB = 2**30
SYS_RESOURCE_BIT = 24
"""CAP_SYS_RESOURCE in the capability masks of /proc/PID/status (capabilities(7))."""
INOTIFY = {"max_user_instances": 512, "max_user_watches": 524288}
"""kind's own advice: https://kind.sigs.k8s.io/docs/user/known-issues/ (too many open files)."""
MEMORY_GIB = 4.0
"""Measured: three nodes with workloads and probers take 2.5 GiB."""
DISK_GIB = 12.0
"""Measured: three nodes and one hop take 6 GiB, a node image 1.1 GiB."""
SUPPORT_IMAGES = {"--agent-image": "python:3.11-slim", "--edge-image": "nginx:stable"}
DEBIAN = "on Debian run ci/kind-host"


@dataclass(frozen=True)
class Machine:
    """Where the checks look; tests bring their own."""

    host: Runner = field(default_factory=Runner)
    proc: Path = Path("/proc")
    ledger: Ledger = field(default_factory=Ledger)


def examine(
    words: Sequence[str] = (),
    *,
    settings: KindSettings | None = None,
    support_images: Mapping[str, str] = SUPPORT_IMAGES,
    machine: Machine | None = None,
) -> list[Finding]:
    """Look at everything that a pass over the versions in `words` on kind needs.

    A word is a version, a bare minor or `latest`; without words, the path is the one that is walked
    when none is given. `support_images` are images of workloads, by the options that name others.
    Registries are asked for images that are not here; nothing is pulled. Raises BadInput for a word
    that is none of these.
    """
    machine = machine or Machine()
    settings = settings or KindSettings(workdir=Path())
    return [
        Finding("python", GOOD, platform.python_version()),
        *_docker(machine, words, settings, support_images),
        _program(machine, "kind", ("kind", "version"), PROBLEM),
        _program(machine, "kubectl", ("kubectl", "version", "--client"), NOTE),
        *(_inotify(machine, name, least) for name, least in INOTIFY.items()),
        _memory(),
        _leftovers(machine),
    ]


def conclude(findings: Sequence[Finding]) -> str:
    """Whether a real pass can start, as far as these findings say."""
    problems = [finding.what for finding in findings if not finding.ok]
    if problems:
        return f"A real pass cannot start before this is fixed: {', '.join(problems)}."
    unsure = [finding.what for finding in findings if finding.level is UNSURE]
    if unsure:
        images = "1 image" if len(unsure) == 1 else f"{len(unsure)} images"
        return (
            f"A real pass may fail: it is not known whether docker can pull {images}. The lines "
            "that begin with `unsure` say what shows it, and what helps."
        )
    return "A real pass can start."


def _docker(
    machine: Machine,
    words: Sequence[str],
    settings: KindSettings,
    support_images: Mapping[str, str],
) -> Iterator[Finding]:
    """The daemon, and what only it knows; nothing more when it does not answer."""
    try:
        output = machine.host.run("docker", "info", "--format", "{{json .}}", timeout_s=30)
    except CommandFailed as error:
        fix = f"{DEBIAN}; elsewhere see https://docs.docker.com/engine/install"
        yield Finding("docker", PROBLEM, _last_line(error.output), fix)
        return
    info: dict[str, Any] = json.loads(output.stdout)
    yield Finding("docker", GOOD, f"server {info['ServerVersion']}, {info['NCPU']} CPUs")
    yield _cgroup(int(info.get("CgroupVersion") or 1))
    yield _capability(machine, str(info.get("DefaultRuntime", "")))
    yield _disk(Path(info["DockerRootDir"]))
    docker = Docker(machine.host)
    yield from node_image_findings(words, settings, docker)
    for option, image in support_images.items():
        yield support_image_finding(image, option, docker)


def _cgroup(version: int) -> Finding:
    if version >= 2:
        return Finding("cgroups", GOOD, "version 2")
    found = (
        "version 1: kubelets from v1.35 on refuse it, so a path that reaches v1.35 gets kubelets "
        "with failCgroupV1: false, and says so"
    )
    return Finding("cgroups", NOTE, found)


def _capability(machine: Machine, default_runtime: str) -> Finding:
    """Privileged containers ask for every capability and fail where the machine lacks one."""
    status = (machine.proc / "self" / "status").read_text(encoding="ascii")
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd:"))
    if int(mask, 16) >> SYS_RESOURCE_BIT & 1:
        return Finding("CAP_SYS_RESOURCE", GOOD, "there")
    if default_runtime != "runc":
        found = f"missing, and docker's default runtime {default_runtime!r} can make up for it"
        return Finding("CAP_SYS_RESOURCE", NOTE, found)
    found = "missing: docker cannot start privileged containers, which nodes are"
    return Finding("CAP_SYS_RESOURCE", PROBLEM, found, "ci/kind-host")


def _disk(root: Path) -> Finding:
    if not root.is_dir():
        return Finding("disk", NOTE, f"{root} is not visible from here; not measured")
    free_gib = shutil.disk_usage(root).free / GIB
    found = f"{free_gib:.0f} GiB free in {root}"
    if free_gib >= DISK_GIB:
        return Finding("disk", GOOD, found)
    fix = "docker system prune --volumes"
    return Finding("disk", PROBLEM, f"{found}, a pass needs about {DISK_GIB:.0f}", fix)


def _program(machine: Machine, name: str, argv: Sequence[str], if_missing: Level) -> Finding:
    try:
        output = machine.host.run(*argv, timeout_s=30).stdout
    except CommandFailed as error:
        fix = {"kind": f"go install sigs.k8s.io/kind@v0.33.0; {DEBIAN}"}.get(name, "")
        needed = "" if if_missing is PROBLEM else "; only for your own use of kept clusters"
        return Finding(name, if_missing, f"{_last_line(error.output)}{needed}", fix)
    return Finding(name, GOOD, output.strip().splitlines()[0])


def _inotify(machine: Machine, name: str, least: int) -> Finding:
    what = f"fs.inotify.{name}"
    file = machine.proc / "sys" / "fs" / "inotify" / name
    if not file.is_file():
        return Finding(what, NOTE, "not a Linux machine, or not visible from here")
    found = int(file.read_text(encoding="ascii"))
    if found >= least:
        return Finding(what, GOOD, str(found))
    return Finding(what, NOTE, f"{found}, kind advises {least}", f"sysctl -w {what}={least}")


def _memory() -> Finding:
    available_gib = psutil.virtual_memory().available / GIB
    found = f"{available_gib:.1f} GiB available"
    if available_gib >= MEMORY_GIB:
        return Finding("memory", GOOD, found)
    fix = "end other programs, or give docker's machine more memory"
    return Finding("memory", PROBLEM, f"{found}, a pass needs about {MEMORY_GIB:.0f}", fix)


def _leftovers(machine: Machine) -> Finding:
    try:
        left = machine.ledger.abandoned()
    except DamagedRecord as error:
        return Finding("leftovers", PROBLEM, str(error))
    if not left:
        return Finding("leftovers", GOOD, "nothing is left of dead runs")
    named = ", ".join(str(entry) for entry in left)
    return Finding("leftovers", NOTE, f"of dead runs: {named}", "upgrade-e2e sweep")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it cannot be run"
