"""The agent as one file: a zip application that any Python 3.11+ runs without installing it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

__all__ = ["ARCHIVE", "pack"]

ARCHIVE = "agent.pyz"
"""What the file is called where it is deployed."""
_MAIN = """\
import sys

if sys.argv[1:2] == ["knock"]:  # which has to begin at once, so it loads nothing else
    from agent.knock import main
else:
    from agent.main import main

main()
"""
_BEGINNING = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_MODE = 0o644 << 16


def pack() -> bytes:
    """The zip application of all modules of this package but this one.

    Equal sources give equal bytes: dates and order are fixed, so that applying the agent again
    changes nothing in a cluster that has it.
    """
    folder = Path(__file__).parent
    modules = sorted(path for path in folder.glob("*.py") if path.name != Path(__file__).name)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        _add(archive, "__main__.py", _MAIN.encode())
        for path in modules:
            _add(archive, f"agent/{path.name}", path.read_bytes())
    return packed.getvalue()


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _BEGINNING)
    entry.create_system, entry.external_attr = _UNIX, _MODE
    archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
