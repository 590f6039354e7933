"""The output of each step, kept in a file of its own as it comes."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from upgrade_e2e.upgrade import Step

__all__ = ["Journal"]


@dataclass(frozen=True)
class Journal:
    """The folder `steps` of a pass: one text file per step, each line with its wall time (UTC)."""

    folder: Path

    def file_of(self, step: Step) -> Path:
        """Where the output of `step` is."""
        name = re.sub(r"[^\w.]+", "-", f"{step.hop} {step.name}").strip("-")
        return self.folder / f"{name}.log"

    @contextlib.contextmanager
    def of(self, step: Step) -> Iterator[Callable[[str], None]]:
        """A function that keeps one line of the output of `step`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.file_of(step).open("a", encoding="utf-8") as file:

            def write(line: str) -> None:
                file.write(f"{time.strftime('%H:%M:%S', time.gmtime())} {line}\n")
                file.flush()

            yield write
