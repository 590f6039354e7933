"""What the commands share: options that say which pass, and errors as sentences."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import click

from e2e.errors import BadInput, E2eError
from e2e.run.choose import PROVIDERS
from e2e.run.exit_codes import BAD_INPUT, FAILED
from e2e.run.settings import PassSettings

__all__ = ["PATH_OPTIONS", "options", "tell_errors"]

PATH_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--from", "source", help="The version to start at, like v1.33.13 or v1.33."),
    click.option("--to", "target", help="The version to end at."),
    click.option("--via", multiple=True, help="A version in between; may be repeated."),
    click.option("--path", "paths", multiple=True, help="A whole path: v1.32.2,v1.33.13,v1.34.4."),
    click.option("--provider", type=click.Choice(PROVIDERS), help="Who makes the cluster."),
    click.option("--control-planes", type=int, default=1, show_default=True),
    click.option("--workers", type=int, default=2, show_default=True),
    click.option("--node-image", default=PassSettings().node_image, show_default=True),
    click.option("--image-for", multiple=True, help="A node image: v1.34.4=NAME."),
    click.option("--fast-control-plane", is_flag=True, help="Two API server flags; see docs."),
    click.option("--fault", "faults", multiple=True, help="Plant a fault; see `faults`."),
)


def options(*choices: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(command: Any) -> Any:
        for option in reversed(choices):
            command = option(command)
        return command

    return decorate


def tell_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(command)
    def told(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except BadInput as error:
            leave(str(error), BAD_INPUT)
        except E2eError as error:
            leave(str(error), FAILED)

    return told


def leave(message: str, code: int) -> NoReturn:
    click.echo(f"upgrade-e2e: {message}", err=True)
    sys.exit(code)
