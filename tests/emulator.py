"""What a terminal shows after it was written to: as much of one as progress needs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_PART = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)|(\x1b)", re.DOTALL)


@dataclass
class Emulator:
    """A terminal of a size. `gone` are lines that scrolled away; `wrapped` are texts too long."""

    columns: int
    lines: int
    gone: list[str] = field(default_factory=list)
    wrapped: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    column: int = 0

    def feed(self, text: str) -> None:
        """Take what was written."""
        for number, letter, back, down, plain, unknown in _PART.findall(text):
            if unknown:
                raise ValueError(f"a control sequence that is not known here: {text!r}")
            if letter:
                self._control(number, letter)
            elif back:
                self.column = 0
            elif down:
                self._down()
            else:
                self._write(plain)

    def resize(self, columns: int) -> None:
        """Be another size; lines that are too long now take several rows."""
        self.columns = columns
        below = len(self.rows) - self.row
        cut = [
            row[at : at + columns]
            for row in self.rows
            for at in range(0, max(len(row), 1), columns)
        ]
        self.rows, self.row = cut, len(cut) - below

    @property
    def shown(self) -> list[str]:
        """All lines that can be seen or scrolled to, without empty ones."""
        return [line.rstrip() for line in (*self.gone, *self.rows) if line.strip()]

    def _control(self, number: str, letter: str) -> None:
        if letter == "A":
            self.row = max(0, self.row - int(number or 1))
        elif letter == "J" and number in {"", "0"}:
            del self.rows[self.row + 1 :]
            self.rows[self.row] = self.rows[self.row][: self.column]
        elif letter != "m":
            raise ValueError(f"a control sequence that is not known here: {number}{letter}")

    def _down(self) -> None:
        self.column = 0
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append("")
        if len(self.rows) > self.lines:
            self.gone.append(self.rows.pop(0))
            self.row -= 1

    def _write(self, plain: str) -> None:
        before = self.rows[self.row].ljust(self.column)
        line = before[: self.column] + plain + before[self.column + len(plain) :]
        self.rows[self.row] = line
        self.column += len(plain)
        if len(line) > self.columns:
            self.wrapped.append(line)
