"""What programs of a node said as they ended: the reason of a failure that kubeadm only waits for.

A control plane program that does not know a flag or a feature gate, or lacks a file, ends at once.
kubeadm and kind wait for it and say that time has passed; the reason is in the program's own log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from upgrade_e2e.cluster import Node
from upgrade_e2e.errors import CommandFailed
from upgrade_e2e.providers.kind.delivery import runner_of

__all__ = ["ended_in_logs", "ended_on", "why_it_ended"]

LAST_LINES = 20
"""A program that has ended says nothing more. A kubelet is started again, and repeats its words."""
_OF_CONTAINERD = 200
"""containerd goes on without the part that pods need, so that some lines follow."""
_LONGEST = 300
_PROGRAMS = ("kubelet", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
_OF_RUNTIME = re.compile(r"^\S+ (?:stdout|stderr) [FP] ?")
_SAID = (
    re.compile(r'"command failed" err="(?P<why>.+)"$'),
    re.compile(r"^Error: (?P<why>.+)$"),
    re.compile(r"(?P<why>flag provided but not defined: .+)$"),
    re.compile(r'failed to load plugin\b(?=.*\bcri\b).*?error="(?P<why>(?:[^"\\]|\\.)+)"'),
    re.compile(r"^containerd: (?P<why>failed to load TOML.*)$"),
)
_CONSEQUENCES = (
    *("connection refused", "context deadline exceeded", "i/o timeout", "leaderelection lost"),
    "address already in use",
)
"""What a program says that ends because another one does not answer, or has not ended yet."""
_HEADING = re.compile(r"^==> (?P<path>/.+) <==$")
_POD_LOGS = "/var/log/pods"
_FIND = (
    *("find", _POD_LOGS, "-path", f"{_POD_LOGS}/kube-system_*", "-name", "*.log"),
    *("-mmin", "-30", "-exec", "tail", "--verbose", f"--lines={LAST_LINES}", "{}", "+"),
)


def why_it_ended(lines: Iterable[str], last: int = LAST_LINES) -> str:
    """Why a program ended, by so many last lines of its log; empty where they do not say."""
    for line in reversed([_OF_RUNTIME.sub("", line).rstrip() for line in lines][-last:]):
        if fatal := _fatal_of_etcd(line):
            return fatal[:_LONGEST]
        for said in _SAID:
            if match := said.search(line):
                return match["why"].replace('\\"', '"')[:_LONGEST]
    return ""


def ended_in_logs(folder: Path) -> list[str]:
    """The programs that ended, and why, by a folder that `kind export logs` has filled.

    Those that ended because another one did not answer are left out where there are others.
    """
    found: list[str] = []
    for node in sorted(path for path in folder.iterdir() if path.is_dir()):
        words = ((name, why_it_ended(_lines(log), _last_of(name))) for name, log in _logs(node))
        found += _sentences(node.name, words)
    return [one for one in found if not _is_consequence(one)] or found


def ended_on(node: Node) -> list[str]:
    """The programs of a control plane that ended by themselves in the last half hour, and why.

    Empty where the node does not answer: what is being explained is reported anyway.
    """
    try:
        said = runner_of(node).run(*_FIND, timeout_s=60, check=False).stdout
    except CommandFailed:
        return []
    tails = _by_file(said.splitlines())
    words = ((Path(path).parent.name, why_it_ended(lines)) for path, lines in tails.items())
    found = _sentences(node.name, (one for one in words if one[0] in _PROGRAMS))
    return [one for one in found if not _is_consequence(one)]


def _logs(node: Path) -> Iterator[tuple[str, Path]]:
    """The logs of a node that tell of its own programs, each with the program's name."""
    yield from ((name, node / f"{name}.log") for name in ("containerd", "kubelet"))
    for log in sorted((node / "containers").glob("*_kube-system_*.log")):
        program = next((name for name in _PROGRAMS if f"_kube-system_{name}-" in log.name), "")
        if program:
            yield program, log


def _sentences(node: str, words: Iterable[tuple[str, str]]) -> list[str]:
    return list(dict.fromkeys(f"{name} on {node} ended: {why}" for name, why in words if why))


def _is_consequence(sentence: str) -> bool:
    return any(word in sentence for word in _CONSEQUENCES)


def _last_of(program: str) -> int:
    return _OF_CONTAINERD if program == "containerd" else LAST_LINES


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []


def _by_file(lines: Iterable[str]) -> Mapping[str, list[str]]:
    """The lines that `tail --verbose` shows, by file."""
    found: dict[str, list[str]] = {}
    here: list[str] = []
    for line in lines:
        if match := _HEADING.match(line):
            here = found.setdefault(match["path"], [])
        else:
            here.append(line)
    return found


def _fatal_of_etcd(line: str) -> str:
    """The reason in a line of etcd's, which are JSON; empty where it is no last one."""
    if not line.startswith('{"level":"fatal"'):
        return ""
    try:
        shown = json.loads(line)
    except ValueError:
        return ""
    return ": ".join(_parts(shown))


def _parts(shown: Mapping[str, object]) -> Iterator[str]:
    yield from (str(shown[key]) for key in ("msg", "error") if shown.get(key))
