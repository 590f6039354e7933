"""What an option is."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

__all__ = ["Option", "split_words"]


def split_words(text: str) -> tuple[str, ...]:
    """The words of a text, split as a shell does it; raises ValueError where a quote has no end."""
    return tuple(shlex.split(text))


@dataclass(frozen=True)
class Option:
    """One option: its name, what it means, and what values it takes.

    `type` is str, int, float, bool (a flag) or Path. `default` holds where neither the command
    line nor the configuration table gives a value; None means that it is worked out later.
    `multiple` options may be repeated, and their values come as a tuple. `bare` is the value that
    the option has when it is written without one. `planned` options change the plan, so `plan`
    takes them too. `starts` options ask pytest for a pass. `configurable` is false for options
    that make no sense in a file. `argv` options are commands or arguments: one text that is split
    as a shell splits it, a list of texts in the table; the value is a tuple of words.
    """

    name: str
    help: str
    type: type = str
    default: object = None
    choices: tuple[str, ...] = ()
    multiple: bool = False
    bare: str = ""
    metavar: str = ""
    planned: bool = True
    starts: bool = False
    configurable: bool = True
    argv: bool = False

    @property
    def field(self) -> str:
        """The name as a Python identifier: `control_planes`."""
        return self.name.replace("-", "_")

    @property
    def shown_help(self) -> str:
        """The help text with the default value, if there is a fixed one."""
        if self.default in (None, False, ""):
            return self.help
        return f"{self.help} Default: {self.default}."
