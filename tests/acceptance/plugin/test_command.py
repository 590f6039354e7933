"""`upgrade-e2e run`: pytest in its own process, and exit codes of its own."""

from __future__ import annotations

import json
import signal
import sys

import pytest
from click.testing import CliRunner

from tests.unit.plugin.sessions import scenarios
from upgrade_e2e.cli import main
from upgrade_e2e.errors import BadInput

PASS = ("--provider=sim", "--watch-before=0", "--watch-after=0.1")
HOLDS = "def test_holds(upgraded): pass"
BREAKS = "def test_breaks(upgraded): assert not upgraded"


@pytest.fixture
def upgrade_e2e(session, monkeypatch):
    """Run the command in the folder of the session; what it printed, and its exit code."""
    # An in-process session ends with modules and handlers that a process would take with it.
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(*words, body=""):
        if body:
            session.pytester.makepyfile(test_claims=scenarios(body))
        return CliRunner().invoke(main, ["run", *words])

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)
    sys.modules.pop("conftest", None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(HOLDS, 0, id="holds"),
        pytest.param(BREAKS, 1, id="breaks"),
        pytest.param("def test_blind(upgraded): raise Inconclusive('dark')", 3, id="blind"),
        pytest.param("def test_typo(upgraded): upgarded", 3, id="typo"),
        pytest.param("def test_skipped(upgraded): pytest.skip('not here')", 3, id="skipped"),
        pytest.param(f"{HOLDS}\ndef test_typo(upgraded): upgarded", 3, id="holds-and-typo"),
        pytest.param(f"{BREAKS}\ndef test_typo(upgraded): upgarded", 1, id="breaks-and-typo"),
        pytest.param("def test_nothing(): pass", 3, id="no-scenario"),
        pytest.param("x = 1", 2, id="no-test"),
        pytest.param("import nowhere", 2, id="no-module"),
        pytest.param("def :", 2, id="no-python"),
        pytest.param("@pytest.mark.observes(42)\n" + HOLDS, 2, id="no-observer"),
    ],
)
def test_the_exit_code_says_what_became_of_it(upgrade_e2e, session, body, code):
    done = upgrade_e2e(*PASS, "-s", "test_claims.py", body=body)
    assert done.exit_code == code, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)


@pytest.mark.parametrize(("body", "code"), [(HOLDS, 3), (BREAKS, 1)], ids=["holds", "breaks"])
def test_a_file_that_was_left_out_makes_no_pass_of_the_others(upgrade_e2e, session, body, code):
    (session.pytester.path / "test_broken.py").write_text("import nowhere\n")
    words = ("-s", "test_claims.py", "-s", "test_broken.py")
    done = upgrade_e2e(*PASS, *words, "--", "--continue-on-collection-errors", body=body)
    assert done.exit_code == code, done.output
    assert len(session.verdicts()) == 1


def test_a_scenario_that_fails_before_any_pass_began_is_3(upgrade_e2e, session):
    body = """
@pytest.fixture
def broken():
    raise ValueError('no such file')

def test_one(broken, upgraded): pass
"""
    done = upgrade_e2e(*PASS, "-s", "test_claims.py", body=body)
    assert done.exit_code == 3, done.output


def test_a_session_that_a_scenario_ends_is_not_interrupted(upgrade_e2e, session):
    done = upgrade_e2e(*PASS, "-s", "test_claims.py", body="def test_x(upgraded): pytest.exit('x')")
    assert done.exit_code == 3, done.output


def test_a_cluster_that_cannot_be_made_is_4(upgrade_e2e, session, unmade):
    done = upgrade_e2e(*PASS, "-s", "test_claims.py", body=HOLDS)
    assert done.exit_code == 4, done.output
    assert "there is no disk" in done.output


def test_a_provider_that_refuses_is_2(upgrade_e2e, session):
    session.failures["create"] = BadInput("there is no such image")
    done = upgrade_e2e(*PASS, "-s", "test_claims.py", body=HOLDS)
    assert done.exit_code == 2, done.output
    assert session.result("test_holds").explanation == "there is no such image"


def test_a_failed_step_is_1(upgrade_e2e, session, failing_step):
    assert upgrade_e2e(*PASS, "-s", "test_claims.py", body=HOLDS).exit_code == 1


def test_an_interruption_is_130_and_leaves_a_record(upgrade_e2e, session):
    session.failures["drain worker"] = KeyboardInterrupt("SIGTERM")
    done = upgrade_e2e(*PASS, "-s", "test_claims.py", body=HOLDS)
    assert done.exit_code == 130, done.output
    assert session.record().reason == "interrupted by SIGTERM"
    assert session.providers[0].calls["delete"] == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("-s", "nope"), "there is no scenario 'nope'; it is a file, or one of "),
        (("--workers=0", "-s", "test_claims.py"), "one worker"),
        (("--from=v1.33", "-s", "test_claims.py"), "go together"),
        (("--workers=two",), "not a valid integer"),
        (("--scenarios", "x"), "there is no option --scenarios; did you mean --scenario?"),
        (("--provder=kind",), "there is no option --provder; did you mean --provider?"),
    ],
)
def test_what_cannot_work_is_2_with_a_sentence(upgrade_e2e, session, words, told):
    done = upgrade_e2e(*PASS, *words, body=HOLDS)
    assert done.exit_code == 2
    assert told in " ".join(done.output.split())
    assert session.providers == []
    assert not (session.artifacts / "run.json").exists()


def test_one_scenario_of_a_file_can_be_named(upgrade_e2e, session):
    done = upgrade_e2e(*PASS, "-s", "test_claims.py::test_holds", body=f"{HOLDS}\n{BREAKS}")
    assert done.exit_code == 0, done.output
    assert session.verdicts() == {"test_holds": "PASS"}


def test_what_follows_the_options_goes_to_pytest(upgrade_e2e, session):
    words = ("-s", "test_claims.py", "--", "-k", "holds", "--junitxml=mine.xml")
    done = upgrade_e2e(*PASS, *words, body=f"{HOLDS}\n{BREAKS}")
    assert done.exit_code == 0, done.output
    assert (session.pytester.path / "mine.xml").is_file()
    assert not (session.artifacts / "junit.xml").exists()


def test_a_table_gives_what_the_command_line_does_not(upgrade_e2e, session):
    table = '[tool.upgrade-e2e]\nprovider = "sim"\nwatch-before = 0\nwatch-after = 9\nworkers = 1\n'
    (session.pytester.path / "pyproject.toml").write_text(table)
    done = upgrade_e2e("--watch-after=0.1", "-s", "test_claims.py", body=HOLDS)
    assert done.exit_code == 0, done.output
    record = json.loads((session.artifacts / "run.json").read_text())
    assert (record["choices"]["watch-before"], record["choices"]["watch-after"]) == ("0 s", "0.1 s")


def test_the_users_own_pytest_options_do_not_matter(upgrade_e2e, session):
    table = '[tool.pytest.ini_options]\naddopts = "--no-such-option"\n'
    (session.pytester.path / "pyproject.toml").write_text(table)
    assert upgrade_e2e(*PASS, "-s", "test_claims.py", body=HOLDS).exit_code == 0


def test_a_test_that_fails_and_is_no_scenario_makes_no_pass(upgrade_e2e):
    """A misspelled fixture, such as `upgrded`, must not end as a PASS."""
    body = f"{HOLDS}\ndef test_misspelled(upgrded): assert upgrded"
    done = upgrade_e2e(*PASS, "-s", "test_claims.py", body=body)
    assert done.exit_code == 3, done.output
    assert "test_claims.py::test_misspelled. A scenario takes the fixture" in done.output


def test_a_word_that_nobody_knows_is_refused_in_the_name_of_the_command(
    upgrade_e2e, session, capfd
):
    done = upgrade_e2e(*PASS, "--bogus", "-s", "test_claims.py", body=HOLDS)
    assert done.exit_code == 2
    said = done.output + "".join(capfd.readouterr())
    assert "usage: upgrade-e2e run [options]" in said
    assert "upgrade-e2e run: error: unrecognized arguments: --bogus" in said
    assert "see: upgrade-e2e run --help." in said
    assert "pytest.main()" not in said


def test_where_pytest_takes_no_scenario_the_file_is_not_called_empty(upgrade_e2e, session):
    done = upgrade_e2e(*PASS, "-s", "test_claims.py", "--", "-k", "nothing", body=HOLDS)
    assert done.exit_code == 2
    assert "no scenario in test_claims.py is chosen (1 left out)." in done.output
    assert "there is no scenario" not in done.output


def test_judging_own_scenarios_again_asks_for_their_file_and_says_nothing_else(
    upgrade_e2e, session
):
    assert upgrade_e2e(*PASS, "-s", "test_claims.py", body=HOLDS).exit_code == 0
    done = CliRunner().invoke(main, ["rejudge", "artifacts"])
    assert done.exit_code == 2, done.output
    lines = [line for line in done.output.splitlines() if line.startswith("upgrade-e2e: ")]
    assert [line.partition(". They")[0] for line in lines] == [
        "upgrade-e2e: not judged again: test_holds"
    ]
    named = CliRunner().invoke(main, ["rejudge", "artifacts", "-s", "test_claims.py"])
    assert named.exit_code == 0, named.output


def test_a_folder_without_a_scenario_is_named(upgrade_e2e, session):
    (session.pytester.path / "empty").mkdir()
    done = upgrade_e2e(*PASS, "-s", "empty")
    assert done.exit_code == 2
    assert "there is no scenario in empty" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--watch-before", "nan"), "seconds from 0 to"),
        (("--watch-after", "inf"), "seconds from 0 to"),
        (("--agent-image", ""), "empty name"),
        (("--artifacts-dir", "/proc/x"), "cannot be made"),
        (("--artifacts-dir", "taken"), "cannot be written to"),
    ],
)
def test_nonsense_is_refused_before_anything_is_made(upgrade_e2e, session, words, said):
    (session.pytester.path / "taken").write_text("")
    done = upgrade_e2e("--provider=sim", *words, body=HOLDS)
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert not session.providers
