"""The one door to other programs: argv lists, and an error that shows what they said."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

SHOWN_LINES = 25


class CommandFailed(Exception):
    """A program exited with another code than 0; the message has the end of its output."""


_running: set[subprocess.Popen[bytes]] = set()


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: IO[bytes] | int = subprocess.DEVNULL,
) -> str:
    """Run to the end and give back standard output."""
    whole = {**os.environ, **(env or {})}
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, cwd=cwd, env=whole, stdin=stdin, stdout=pipe, stderr=pipe) as child:
        _running.add(child)
        try:
            out, err = (text.decode(errors="replace") for text in child.communicate())
        finally:
            _running.discard(child)
    if child.returncode != 0:
        tail = "\n  ".join((err or out).strip().splitlines()[-SHOWN_LINES:])
        raise CommandFailed(f"{' '.join(argv)[:300]} exited with {child.returncode}:\n  {tail}")
    return out


def interrupt_all() -> None:
    """Ask every running program to end."""
    for child in list(_running):
        child.terminate()
