"""The options that say which pass is run, as click has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from upgrade_e2e.options import OPTIONS, RUN_OPTIONS, Option, split_words

__all__ = ["given_values", "pass_options"]


def pass_options(chosen: Iterable[Option] = OPTIONS) -> Callable[[Any], Any]:
    """A decorator that adds these options to a command."""

    def decorate(command: Any) -> Any:
        for option in reversed(tuple(chosen)):
            command = _click_option(option)(command)
        return command

    return decorate


def given_values(choices: dict[str, Any]) -> dict[str, Any]:
    """What a command was given, by names of options; what was not given is None or empty."""
    options = (*OPTIONS, *RUN_OPTIONS)
    return {option.name: choices[option.field] for option in options if option.field in choices}


class Words(click.ParamType[tuple[str, ...]]):
    """One text that is split into words as a shell does it."""

    name = "words"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """The words of `value`; fails for quotes that do not end."""
        try:
            return split_words(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _click_option(option: Option) -> Callable[[Any], Any]:
    names = (f"--{option.name}", option.field)
    if option.type is bool:
        return click.option(*names, is_flag=True, default=None, help=option.shown_help)
    settings: dict[str, Any] = {"help": option.shown_help, "multiple": option.multiple}
    if option.bare:
        settings |= {"is_flag": False, "flag_value": option.bare}
    if option.metavar:
        settings["metavar"] = option.metavar
    return click.option(*names, type=_click_type(option), **settings)


def _click_type(option: Option) -> click.ParamType[Any] | type:
    if option.argv:
        return Words()
    if option.choices:
        return click.Choice(option.choices)
    return click.Path(path_type=Path) if option.type is Path else option.type
