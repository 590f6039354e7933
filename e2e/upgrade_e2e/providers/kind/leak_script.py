"""The program that leaks in the cgroup of a kubelet, and how it is ended."""

from __future__ import annotations

from upgrade_e2e.command import Runner

__all__ = ["GROW", "GROWN_FILE", "HELD_S", "SCRIPT", "SCRIPT_FILE", "end_leak"]

SCRIPT_FILE = "/run/upgrade-e2e-leak.sh"
GROWN_FILE = "/run/upgrade-e2e-leak.mib"
HELD_S = 1800
"""The memory is held for so long and then given back, for a cluster that outlives its pass."""
GO_THERE = """\
#!/bin/sh
# Grows by $1 MiB in $2 seconds, in the cgroup of the kubelet's unit.
set -eu
kubelet=$(pgrep --exact --oldest kubelet)
line=$(grep -m 1 -E '^[0-9]+:([^:]*,)?memory(,[^:]*)?:' "/proc/$kubelet/cgroup" || true)
if [ -n "$line" ]; then
  folder=/sys/fs/cgroup/memory${line##*:}
else
  line=$(grep -m 1 '^0::' "/proc/$kubelet/cgroup")
  folder=/sys/fs/cgroup${line##*:}
fi
echo $$ > "$folder/cgroup.procs"
"""
GROW = """\
# tail keeps all that it reads until there is no more, because nothing in it ends a line. Only this
# shell keeps writing to it: it ends with this shell. The last command is none that it would become.
pause=$(awk "BEGIN { print $2 / $1 }")
{
  grown=0
  while [ "$grown" -lt "$1" ]; do
    head -c 1048576 /dev/zero
    grown=$((grown + 1))
    echo "$grown" > "$3"
    sleep "$pause" > /dev/null
  done
  sleep "$4" > /dev/null
  :
} | tail > /dev/null
"""
SCRIPT = GO_THERE + GROW


def end_leak(runner: Runner) -> None:
    """End the leak on a node, which gives its memory back; nothing where there is none."""
    argv = ("pkill", "--signal", "KILL", "--full", SCRIPT_FILE)
    runner.run(*argv, timeout_s=30, check=False)
