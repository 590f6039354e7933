"""Every `upgrade-e2e` that a workflow or a document shows is one that can be typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from upgrade_e2e.cli import MODULES, main
from upgrade_e2e_simulator.server import command_line

ROOT = Path(__file__).parents[3]
FILES = sorted(
    [
        *ROOT.glob(".github/workflows/*.yml"),
        *ROOT.glob("docs/*.md"),
        ROOT / "README.md",
        ROOT / "ci" / "fetch-history",
    ]
)
SHOWN = re.compile(r"upgrade-e2e +([a-z][\w-]*)((?:[^\n`|]|\\\n)*)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*|(?<= )-[a-z]\b")


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """The commands that a text shows, each with the options that stand behind it."""
    for match in SHOWN.finditer(text.replace("\\\n", " ")):
        if match[1] in MODULES:
            yield match[1], OPTION.findall(match[2].split(" -- ")[0])


def known(name: str, words: str) -> set[str]:
    """The options of a command, or of the subcommand that the words begin with."""
    if name == "simulator":  # it reads its own words
        return set(command_line()._option_string_actions)
    command = main.get_command(click.Context(main), name)
    assert command is not None
    if isinstance(command, click.Group):
        command = command.commands[words.split(maxsplit=1)[0]]
    return {option for parameter in command.params for option in parameter.opts} | {"--help"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_option_that_is_shown_exists(file):
    text = file.read_text(encoding="utf-8").replace("\\\n", " ")
    for match in SHOWN.finditer(text):
        if match[1] not in MODULES:
            continue
        options = set(OPTION.findall(match[2].split(" -- ")[0]))
        assert options <= known(match[1], match[2]), f"{match[0]!r} in {file.name}"


def test_the_workflows_use_what_they_should():
    shown = {
        name
        for file in ROOT.glob(".github/workflows/*.yml")
        for name, _ in commands(file.read_text())
    }
    assert {"run", "gate", "matrix", "history", "annotate"} <= shown


def test_every_command_is_documented():
    listed = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for name in MODULES:
        assert re.search(rf"^\| `{name}\b", listed, re.MULTILINE), f"docs/cli.md lacks {name}"
