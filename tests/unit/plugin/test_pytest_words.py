"""Which words of a command line go to pytest, and which are misspelt options of ours."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from pytest_upgrade_e2e import command as module
from pytest_upgrade_e2e.command import run
from pytest_upgrade_e2e.rejudging import rejudge
from upgrade_e2e.errors import BadInput


def parsed(command: click.Command, *words: str) -> dict[str, object]:
    """What the command would be called with."""
    return command.make_context("command", list(words)).params


@pytest.mark.parametrize(
    ("words", "to_pytest"),
    [
        (("--", "--limit", "3"), ("--limit", "3")),
        (("-x", "--", "--workrs=1"), ("-x", "--workrs=1")),
        (("--", "--scenarios", "--", "--provder"), ("--scenarios", "--", "--provder")),
    ],
)
def test_what_follows_two_dashes_belongs_to_pytest(words, to_pytest):
    assert parsed(run, "--workers=1", *words)["pytest_args"] == to_pytest
    params = parsed(rejudge, "artifacts", *words)
    assert (str(params["run_dir"]), params["pytest_args"]) == ("artifacts", to_pytest)


def test_a_run_takes_an_option_of_the_users_conftest_that_is_nearly_one_of_ours(
    monkeypatch, tmp_path
):
    def asked(*_):
        raise BadInput("the pass was asked for.")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module.interrupts, "listen", dict)
    monkeypatch.setattr(module.RunRequest, "of", asked)
    assert "the pass was asked for" in CliRunner().invoke(run, ["--", "--limit", "3"]).output


@pytest.mark.parametrize(
    ("command", "words", "told"),
    [
        (run, ("--limit", "3"), "no option --limit; did you mean --limits?"),
        (run, ("--provder=kind", "--", "--limit"), "no option --provder; did you mean --provider?"),
        (run, ("-x", "--paralel=2"), "did you mean --parallel?"),
        (rejudge, ("artifacts", "--limit", "my.toml"), "did you mean --limits?"),
        (rejudge, ("--limit", "my.toml", "artifacts"), "did you mean --limits?"),
        (rejudge, ("artifacts", "--scenarios=x", "--", "-x"), "did you mean --scenario?"),
    ],
)
def test_an_option_of_ours_that_is_misspelt_is_refused(command, words, told):
    with pytest.raises(click.UsageError) as refused:
        parsed(command, *words)
    assert told in str(refused.value)


@pytest.mark.parametrize("command", [run, rejudge])
def test_options_of_pytest_go_through_without_dashes_too(command):
    words = ("-x", "--junitxml=mine.xml", "--maxfail=1", "--lf")
    assert parsed(command, "artifacts", *words)["pytest_args"][-4:] == words
