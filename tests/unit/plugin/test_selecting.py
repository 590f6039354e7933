"""Which scenarios are judged, what they are called, and which observers they need."""

from __future__ import annotations

import pytest

from tests.unit.plugin.sessions import PASS_OPTIONS, scenarios

TWO_PATHS = ("--upgrade-path=v1.33.13,v1.34.4", "--upgrade-path=v1.34.4,v1.35.4")


def test_a_mark_on_the_module_holds_for_all_of_it(session):
    session.judge("""
pytestmark = pytest.mark.observes(HEART)

def test_one(upgraded):
    assert upgraded.saw(HEART).failures == 0

@pytest.mark.observes(SICK)
def test_two(upgraded):
    assert upgraded.saw(HEART).failures < upgraded.saw(SICK).failures
""")
    assert session.verdicts() == {"test_one": "PASS", "test_two": "PASS"}
    assert session.result("test_one").observers == ("heart",)
    assert set(session.result("test_two").observers) == {"heart", "sick"}


def test_one_name_in_several_places_is_several_scenarios(session):
    source = scenarios("""
def test_same(upgraded): pass

class TestOne:
    def test_same(self, upgraded): pass

class TestTwo:
    def test_same(self, upgraded):
        assert False
""")
    for name in ("test_a.py", "test_b.py", "first/test_c.py", "second/test_c.py"):
        file = session.pytester.path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(source)
    session.run(*PASS_OPTIONS, "--import-mode=importlib")
    verdicts = session.verdicts()
    assert len(verdicts) == 12
    assert list(verdicts.values()).count("FAIL") == 4
    assert verdicts["test_same"] == "PASS"
    assert verdicts["test_same (test_b)"] == "PASS"
    assert verdicts["test_same (first/test_c.py::TestTwo)"] == "FAIL"


def test_parameters_are_part_of_the_name_and_the_path_is_not(session):
    session.judge("""
@pytest.mark.parametrize('size', [1, 2])
@pytest.mark.parametrize('colour', ['red'])
def test_each(upgraded, size, colour):
    assert size == 1
""")
    assert session.verdicts() == {"test_each[red-1]": "PASS", "test_each[red-2]": "FAIL"}
    assert session.record().reason == "Broken: test_each[red-2]."


def test_what_is_deselected_does_not_count(session):
    session.judge(
        """
@pytest.mark.observes(HEART)
def test_one(upgraded): pass

@pytest.mark.observes(SICK)
def test_two(upgraded):
    assert False

def test_unrelated(): pass
""",
        "-k",
        "one or unrelated",
    )
    assert session.verdicts() == {"test_one": "PASS"}
    assert [result.name for result in session.record().observers] == ["heart"]
    assert session.record().verdict == "PASS"


def test_unrelated_tests_alone_run_no_pass(session):
    done = session.judge("def test_unrelated(): pass")
    assert done.ret == pytest.ExitCode.OK
    assert session.providers == []
    assert not (session.artifacts / "run.json").exists()


def test_each_path_has_a_pass_and_a_record_of_its_own(session):
    done = session.judge(
        """
@pytest.mark.observes(HEART)
def test_beats(upgraded):
    assert upgraded.path[-1] == 'v1.34.4'
""",
        *TWO_PATHS,
    )
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    verdicts = {
        folder: session.record(folder).verdict.value
        for folder in ("v1.33.13-v1.34.4", "v1.34.4-v1.35.4")
    }
    assert verdicts == {"v1.33.13-v1.34.4": "PASS", "v1.34.4-v1.35.4": "FAIL"}
    assert [provider.calls["create"] for provider in session.providers] == [1, 1]
    assert "FAIL" in (session.artifacts / "summary.md").read_text()


@pytest.mark.parametrize(
    ("marked", "told"),
    [
        ("observes(42)", "42, which is no observer"),
        ("observes('heart')", "'heart', which is no observer"),
        ("observes(HEART, Heartbeat)", "Heartbeat'>, which is no observer; write a value"),
        ("observes(HEART, None)", "None, which is no observer"),
        ("observes(Loose())", "cannot be the key*frozen"),
    ],
)
def test_what_is_no_observer_is_refused_before_anything_is_made(session, marked, told):
    body = """
from dataclasses import dataclass

@dataclass
class Loose:
    label: str = 'loose'
    name: str = 'loose'
    def deploy(self, context): ...

@pytest.mark.MARKED
def test_one(upgraded): pass
"""
    done = session.judge(body.replace("MARKED", marked))
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"ERROR: test_one observes *{told}*"])
    assert "Traceback" not in done.stderr.str() + done.stdout.str()
    assert session.providers == []


def test_a_marker_without_the_fixture_asks_for_nothing(session):
    done = session.judge("""
@pytest.mark.observes(HEART)
def test_one(): pass
""")
    assert done.ret == pytest.ExitCode.OK
    assert session.providers == []
