"""The help of each command: sentences, defaults and an example."""

from __future__ import annotations

import click
import pytest

from upgrade_e2e.cli import MODULES, main

SERVED = {"simulator"}  # a program of its own prints its help


def commands():
    """Every command and subcommand, by the words that call it."""
    context = click.Context(main)
    for name in MODULES:
        command = main.get_command(context, name)
        if name in SERVED:
            continue
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", one) for below, one in command.commands.items())


@pytest.fixture(params=list(commands()), ids=lambda pair: pair[0])
def named(request):
    return request.param


def test_a_command_says_what_it_does_with_an_example(named):
    words, command = named
    first, *_, last = command.help.strip().split("\n\n")
    assert first.endswith(".")
    assert " ".join(last.split()).startswith(f"Example: upgrade-e2e {words}")


def test_every_option_is_explained_in_sentences(named):
    _, command = named
    options = [one for one in command.params if isinstance(one, click.Option)]
    for option in options:
        assert option.help[0].isupper(), option.name
        assert option.help.endswith("."), option.name


def test_an_example_is_a_command_line_that_can_be_parsed(named):
    words, command = named
    line = " ".join(command.help.rpartition("Example: ")[2].split())
    given = line.removeprefix("upgrade-e2e ").removeprefix(words).split()
    if isinstance(command, click.Group):
        command, given = command.commands[given[0]], given[1:]
    command.make_context(words, given)
