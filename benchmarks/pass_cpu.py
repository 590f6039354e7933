"""What a pass costs in CPU, by group of processes, while it runs.

    python benchmarks/pass_cpu.py PID

PID is the process of the pass (`upgrade-e2e run`); the table is printed when it has ended. All
processes of the machine are read every two seconds, so that what lives for less is missed. Shares
are of all cores over the time of the pass.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

EVERY_S = 2.0
GROUPS = (
    ("agents that probe", ("agent.pyz probe",)),
    ("agents that serve", ("agent.pyz serve",)),
    ("nginx of the edge", ("nginx",)),
    ("kube-apiserver", ("kube-apiserver",)),
    ("etcd", ("etcd ",)),
    ("kubelet", ("/usr/bin/kubelet", "kubelet ")),
    ("CoreDNS", ("coredns",)),
    ("containerd", ("containerd",)),
    ("dockerd", ("dockerd",)),
    ("the framework", ("upgrade-e2e", "upgrade_e2e", "kubectl", "kind ")),
)
"""By what is in a command line; the first that fits."""
TICKS = os.sysconf("SC_CLK_TCK")


def processes() -> Iterator[tuple[tuple[int, int], str, float]]:
    """Of each process: its identity, its command line, and the CPU seconds it has used."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                stat = (folder / "stat").read_text(errors="replace")
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended
            name, _, rest = stat.partition("(")[2].rpartition(")")
            fields = rest.split()
            used_s = (int(fields[11]) + int(fields[12])) / TICKS
            line = b" ".join(words).decode(errors="replace") or f"[{name}]"
            yield (int(folder.name), int(fields[19])), line, used_s


def group_of(line: str) -> str:
    """The group that a command line belongs to."""
    return next((name for name, words in GROUPS if any(w in line for w in words)), "others")


def main() -> None:
    """Watch until the pass has ended, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pid", type=int)
    pid = parser.parse_args().pid
    first: dict[tuple[int, int], float] = {identity: used for identity, _, used in processes()}
    last: dict[tuple[int, int], tuple[str, float]] = {}
    began_s = time.monotonic()
    while Path(f"/proc/{pid}").exists():
        for identity, line, used_s in processes():
            last[identity] = (group_of(line), used_s)
        time.sleep(EVERY_S)
    took_s = time.monotonic() - began_s
    cores = os.cpu_count() or 1
    used: dict[str, float] = defaultdict(float)
    for identity, (group, used_s) in last.items():
        used[group] += used_s - first.get(identity, 0.0)
    print(f"{took_s:.0f} s on {cores} cores\n\n| group | share of all cores |\n|---|---|")
    for group, used_s in sorted(used.items(), key=lambda pair: -pair[1]):
        print(f"| {group} | {used_s / took_s / cores:.1%} |")


if __name__ == "__main__":
    main()
