"""What every command shares: options, files, and errors as sentences."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from upgrade_e2e.errors import BadInput, DamagedRecord, E2eError
from upgrade_e2e.run.exit_codes import BAD_INPUT, FAILED

__all__ = ["FILE", "append_text", "exit_on_errors", "options"]

FILE = click.Path(path_type=Path)


def options(*choices: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options at once, in this order."""

    def decorate(command: Any) -> Any:
        for option in reversed(choices):
            command = option(command)
        return command

    return decorate


def exit_on_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Print our own errors as one sentence and exit: with 2 for bad input, else with 1."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except (BadInput, DamagedRecord) as error:
            _leave(str(error), BAD_INPUT)
        except E2eError as error:
            _leave(str(error), FAILED)

    return wrapped


def append_text(text: str, file: Path) -> None:
    """Append to `file`, as a job summary of GitHub Actions needs it; raises BadInput."""
    try:
        with file.open("a", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        raise BadInput(f"{file} cannot be written ({error.strerror}); check its folder.") from error


def _leave(message: str, code: int) -> NoReturn:
    click.echo(f"upgrade-e2e: {message}", err=True)
    sys.exit(code)
