"""The same pass several times, one after the other, each in a process of its own."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upgrade_e2e.command import spawn
from upgrade_e2e.errors import BadInput, DamagedRecord, E2eError
from upgrade_e2e.options import OPTIONS, RUN_OPTIONS
from upgrade_e2e.report import RunRecord, load_record
from upgrade_e2e.run.exit_codes import INTERRUPTED

__all__ = ["PassSeries", "option_words"]

COMMAND = (sys.executable, "-m", "upgrade_e2e.cli", "run")
OUTPUT = "output.txt"
LONGEST_PASS_S = 7200.0
"""Own choice: a pass of three control planes takes a quarter of an hour."""
LONGEST_END_S = 600.0
"""Own choice: an interrupted pass has to delete its cluster."""


@dataclass(frozen=True)
class PassSeries:
    """`times` passes below `folder`, in 01, 02 and so on; `words` are options of `run`.

    A pass whose record is there is not made again, so that a series can be continued. `begin` is
    called with the number of each pass that is made, `command` is what makes one.
    """

    folder: Path
    times: int
    words: tuple[str, ...]
    begin: Callable[[int], None] = lambda _: None
    command: tuple[str, ...] = COMMAND

    def __post_init__(self) -> None:
        if self.times < 1:
            raise BadInput(f"times is {self.times}; write how many passes to make, from 1 on.")

    def walk(self) -> Iterator[tuple[Path, RunRecord]]:
        """Each pass with its folder, made where it is missing.

        Raises E2eError for one that left no record. An interruption ends the pass that goes on in
        good order, and is raised again then.
        """
        for number in range(1, self.times + 1):
            place = self.folder / f"{number:02d}"
            record = _finished(place)
            if record is None:
                self.begin(number)
                self._make(place)
                record = _finished(place)
            if record is None:
                raise E2eError(
                    f"pass {number} left no record; {place / OUTPUT} shows what it printed."
                )
            yield place, record

    def _make(self, place: Path) -> None:
        shutil.rmtree(place, ignore_errors=True)
        try:
            place.mkdir(parents=True)
        except OSError as error:
            raise BadInput(
                f"{place} cannot be made ({error.strerror}); name another --artifacts-dir."
            ) from error
        argv = (*self.command, *self.words, "--artifacts-dir", str(place))
        process = spawn(argv, log_file=place / OUTPUT)
        if _wait(process) == INTERRUPTED:
            raise KeyboardInterrupt("interrupted")


def option_words(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The values of options, by name, as words of a command line."""
    words: list[str] = []
    for option in (*OPTIONS, *RUN_OPTIONS):
        value = given.get(option.name)
        if value is None or value is False or value == ():
            continue
        if option.type is bool:
            words.append(f"--{option.name}")
        elif option.argv:
            words.append(f"--{option.name}={shlex.join(value)}")
        else:
            values = value if option.multiple else (value,)
            words += [f"--{option.name}={one}" for one in values]
    return tuple(words)


def _wait(process: subprocess.Popen[bytes]) -> int:
    """The exit code; when this process is interrupted, the pass is ended in good order first."""
    try:
        return process.wait(LONGEST_PASS_S)
    except subprocess.TimeoutExpired:
        _end(process)
        raise E2eError(f"a pass took longer than {LONGEST_PASS_S:g} s and was ended.") from None
    except KeyboardInterrupt:
        _end(process)
        raise


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(LONGEST_END_S)


def _finished(place: Path) -> RunRecord | None:
    """The record of a pass that came to its end; None where it has to be made."""
    try:
        record = load_record(place)
    except DamagedRecord:
        return None
    return None if record.reason.startswith("interrupted") else record
