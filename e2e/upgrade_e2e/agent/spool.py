"""The spool: where samples are kept until they are fetched."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

from .clock import boot_id, monotonic_us
from .layout import FORMAT, MOST_U16, OUTCOMES, READING, READING_FIELDS, RECORD, RECORD_FIELDS

CHUNK = 2**20


class Spool:
    """The folder in which one boot's samples of one run are kept, across restarts."""

    def __init__(self, root: Path, run: str, streams: list[dict[str, Any]]) -> None:
        self.run = root / run
        self.boot = self.run / boot_id()
        for other in root.iterdir() if root.is_dir() else ():
            if other.is_dir() and other != self.run:
                shutil.rmtree(other, ignore_errors=True)
        self.boot.mkdir(parents=True, exist_ok=True)
        self._backends_file = self.boot / "backends.txt"
        self._backends = self._read_backends()
        self._sinks: list[tuple[bytearray, int]] = []
        self._write_meta(streams)

    def sink(self, key: str) -> bytearray:
        """The buffer of the stream `key` (OBSERVER.NAME); `flush` empties it into its file.

        The file stays open for as long as the process runs.
        """
        return self._open(f"{key}.rec", RECORD.size)

    def readings(self, key: str) -> bytearray:
        """The buffer for the readings of the stream `key`, as `sink`."""
        return self._open(f"{key}.readings", READING.size)

    def _open(self, name: str, size: int) -> bytearray:
        path = self.boot / name
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        # A prober that was killed may have left half a record.
        os.truncate(file, os.fstat(file).st_size // size * size)
        buffer = bytearray()
        self._sinks.append((buffer, file))
        return buffer

    def backend(self, name: str) -> int:
        """The index of a backend's name, written down when it is new; 0 when there is no room."""
        known = self._backends.get(name)
        if known is not None:
            return known
        if len(self._backends) > MOST_U16:
            return 0
        with self._backends_file.open("a") as file:
            file.write(name + "\n")
        return self._backends.setdefault(name, len(self._backends))

    def take(self) -> list[tuple[int, bytes]]:
        """What is to be written to which open file; the buffers are empty afterwards."""
        taken = []
        for buffer, file in self._sinks:
            if buffer:
                taken.append((file, bytes(buffer)))
                buffer.clear()
        return taken

    def flush(self) -> None:
        """Write everything to the files now."""
        write_all(self.take())

    def files(self) -> dict[str, int]:
        """All files of the run with their sizes, keyed by BOOT/FILE."""
        return {
            str(path.relative_to(self.run)): path.stat().st_size
            for path in sorted(self.run.glob("*/*"))
            if path.is_file()
        }

    def read(self, name: str, offset: int) -> bytes | None:
        """At most 1 MiB of the file BOOT/FILE from `offset`; None when there is no such file."""
        if name not in self.files():
            return None
        with (self.run / name).open("rb") as file:
            file.seek(offset)
            return file.read(CHUNK)

    def _read_backends(self) -> dict[str, int]:
        if not self._backends_file.exists():
            self._backends_file.write_text("\n")
        names = self._backends_file.read_text().split("\n")[:-1]
        return {name: index for index, name in reversed(list(enumerate(names)))}

    def _write_meta(self, streams: list[dict[str, Any]]) -> None:
        public = [
            {name: value for name, value in stream.items() if name != "token"} for stream in streams
        ]
        meta = {
            "format": FORMAT,
            "record": RECORD_FIELDS,
            "reading": READING_FIELDS,
            "outcomes": OUTCOMES,
            "streams": public,
            "boot_id": boot_id(),
            "monotonic_us": monotonic_us(),
            "unix_us": time.time_ns() // 1000,
        }
        part = self.boot / "meta.part"
        part.write_text(json.dumps(meta))
        part.replace(self.boot / "meta.json")


def write_all(chunks: list[tuple[int, bytes]]) -> None:
    """Append each chunk to its file; raises OSError when the disk does not take it."""
    for file, data in chunks:
        left = data
        while left:
            left = left[os.write(file, left) :]
