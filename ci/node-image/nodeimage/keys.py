"""Content keys: the same inputs give the same key, and any other input another one."""

import hashlib
import json
from pathlib import Path

KEY_LENGTH = 16


def content_key(*parts: object) -> str:
    """A short hash of values that JSON can write down."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]


def file_key(*paths: Path) -> str:
    """A short hash of the names and contents of files and of all files below folders."""
    digest = hashlib.sha256()
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:KEY_LENGTH]


def recipe_key(*modules: str) -> str:
    """A hash of the named modules of this package: a changed recipe makes a new artifact."""
    here = Path(__file__).parent
    return file_key(*(here / f"{name}.py" for name in modules))
