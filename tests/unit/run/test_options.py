"""Every option is declared once, and both command lines have all of them."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from pytest_upgrade_e2e import plugin
from pytest_upgrade_e2e.command import run
from upgrade_e2e.cli.plans import plan
from upgrade_e2e.observers import Images
from upgrade_e2e.options import OPTIONS, RUN_OPTIONS
from upgrade_e2e.run.request import settings_of, values_of
from upgrade_e2e.run.settings import PassSettings

BY_NAME = {option.name: option for option in OPTIONS}
OF_THE_COMMAND = {"-n", "-s", "--help", *(f"--{option.name}" for option in RUN_OPTIONS)}


class Declared(dict[str, dict[str, Any]]):
    """In place of pytest's parser: remembers what is declared."""

    def getgroup(self, name, description=""):
        """The one group."""
        assert name == "upgrade-e2e"
        return self

    def addoption(self, name, **attributes):
        """Remember it."""
        assert name not in self
        self[name] = attributes


@pytest.fixture(scope="module")
def of_pytest():
    """What pytest is given, by how it is spelled."""
    declared = Declared()
    plugin.pytest_addoption(declared)
    return declared


def of_click(command):
    """The options of a command, by how they are spelled."""
    found = [one for one in command.params if one.param_type_name == "option"]
    return {name: one for one in found for name in one.opts}


def test_no_name_is_declared_twice():
    assert len(BY_NAME) == len(OPTIONS)


def test_pytest_has_all_of_them_and_no_other(of_pytest):
    assert set(of_pytest) == {f"--upgrade-{name}" for name in BY_NAME}


def test_run_has_all_of_them():
    assert set(of_click(run)) - OF_THE_COMMAND == {f"--{name}" for name in BY_NAME}


def test_run_has_those_that_pytest_has_in_other_words():
    assert {f"--{option.name}" for option in RUN_OPTIONS} <= set(of_click(run))


def test_plan_has_those_that_change_the_plan():
    planned = {f"--{option.name}" for option in OPTIONS if option.planned}
    assert set(of_click(plan)) - {"--help"} == planned | {"--config"}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_both_command_lines_say_the_same(of_pytest, option):
    at_pytest, at_run = of_pytest[f"--upgrade-{option.name}"], of_click(run)[f"--{option.name}"]
    assert at_pytest["help"].replace("%%", "%") == at_run.help == option.shown_help
    assert at_pytest["default"] is None  # so that the table is asked
    assert at_pytest.get("const", "") == option.bare
    assert tuple(at_pytest.get("choices", ())) == option.choices
    assert at_run.multiple is (at_pytest.get("action") == "append") is option.multiple
    assert at_run.is_flag is (at_pytest.get("action") == "store_true") is (option.type is bool)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_help_is_a_sentence_of_its_own(option):
    assert option.help.endswith(".")
    assert [one.name for one in OPTIONS if one.help == option.help] == [option.name]


def test_defaults_are_those_of_the_settings(tmp_path):
    assert settings_of(values_of({}, tmp_path)) == PassSettings()
    images = Images()
    assert (BY_NAME["agent-image"].default, BY_NAME["edge-image"].default) == (
        images.agent,
        images.edge,
    )


def test_what_starts_a_pass_names_a_path_or_a_provider():
    starts = {option.name for option in OPTIONS if option.starts}
    assert starts == {"provider", "from", "to", "via", "path"}


def test_argparse_can_print_every_help_text(of_pytest):
    parser = argparse.ArgumentParser()
    for name, attributes in of_pytest.items():
        parser.add_argument(name, **attributes)
    assert "--upgrade-keep-cluster" in parser.format_help()
