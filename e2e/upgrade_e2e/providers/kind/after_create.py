"""The user's own command between the creation of the nodes and the wait for them."""

from __future__ import annotations

import dataclasses
import hashlib
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from upgrade_e2e.command import Runner
from upgrade_e2e.errors import BadInput, ClusterNotMade, CommandFailed
from upgrade_e2e.format import duration
from upgrade_e2e.providers.kind.journal import Journal
from upgrade_e2e.upgrade import Step

__all__ = ["AFTER_CREATE", "CLUSTER_VARIABLE", "described", "require_program", "run_after_create"]

AFTER_CREATE = "after-create"
CLUSTER_VARIABLE = "UPGRADE_E2E_CLUSTER"
LAST_LINES = 20
_DIGEST_CHARACTERS = 12


def described(command: Sequence[str], folder: Path | None = None) -> str:
    """The command as it is shown, with a digest of each file that its words name.

    Words are file names relative to `folder`, by default the current one.
    """
    files = [
        f"sha256 of {word}: {_digest(file)}"
        for word in dict.fromkeys(command)
        if (file := (folder or Path.cwd()) / word).is_file()
    ]
    return shlex.join(command) + (f" ({'; '.join(files)})" if files else "")


def require_program(command: Sequence[str]) -> None:
    """Refuse, with BadInput, a command whose program cannot be started from the current folder."""
    if command and shutil.which(command[0]) is None:
        raise BadInput(
            f"after-create cannot start {command[0]!r}: it is not there, or may not be executed; "
            "check its path from the current folder, or `chmod +x` it."
        )


def run_after_create(
    host: Runner,
    command: Sequence[str],
    *,
    cluster: str,
    kubeconfig: Path,
    journal: Journal,
    timeout_s: float,
) -> None:
    """Run the command in the current folder, with KUBECONFIG and the cluster's name set.

    Each line of its output goes into the journal as it comes. Raises ClusterNotMade, with the last
    lines, when it fails, cannot be started or takes longer than `timeout_s`.
    """
    env = {"KUBECONFIG": str(kubeconfig.absolute()), CLUSTER_VARIABLE: cluster}
    runner = dataclasses.replace(host, env=(*host.env, *env.items()))
    step = Step(AFTER_CREATE, timeout_s)
    with journal.of(step) as write:
        try:
            runner.follow(*command, on_line=write, timeout_s=timeout_s)
        except CommandFailed as error:
            raise ClusterNotMade(_failure(error, journal.file_of(step))) from error


def _failure(error: CommandFailed, file: Path) -> str:
    if error.returncode is None:
        left = duration(round(error.timeout_s))
        how = f"did not end within the {left} that were left for the creation"
    else:
        how = f"exited with {error.returncode}"
    lines = error.output.strip().splitlines()[-LAST_LINES:] or ["(no output)"]
    last = "\n".join(lines)
    return (
        f"the command of after-create {how}: {error.command}\n{last}\n"
        f"All of its output is in {file}."
    )


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:_DIGEST_CHARACTERS]
