"""The installed command, for tests that use it as a person does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOOL = str(Path(sys.executable).with_name("upgrade-e2e"))
WITHIN_S = 120


def tool(*words, cwd, stdin=""):
    """Run the installed command in a folder, to its end."""
    done = subprocess.run(
        [TOOL, *map(str, words)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def said(done):
    """All that it printed, on one line."""
    return " ".join((done.stdout + done.stderr).split())
