"""What is marked nightly is judged where it is asked for, and shown as left out elsewhere."""

from __future__ import annotations

import pytest

from pytest_upgrade_e2e.choosing import left_out_lines
from pytest_upgrade_e2e.rejudging import SavedPasses
from tests.unit.plugin.sessions import PASS_OPTIONS, scenarios

CLAIMS = """
@pytest.mark.observes(HEART)
def test_each_time(upgraded): pass

@pytest.mark.nightly
@pytest.mark.observes(SICK)
def test_at_night(upgraded):
    assert False, "it grew"
"""
LEFT_OUT = "Left out, because of the mark nightly: test_at_night.*"


def test_a_plain_run_leaves_out_what_is_marked_nightly(session):
    done = session.judge(CLAIMS)
    done.assert_outcomes(passed=1, deselected=1)
    done.stdout.fnmatch_lines([LEFT_OUT])
    assert session.verdicts() == {"test_each_time": "PASS"}
    assert [result.name for result in session.record().observers] == ["heart"]


def test_the_profile_nightly_chooses_it(session):
    done = session.judge(CLAIMS, "--upgrade-profile=nightly")
    assert session.verdicts() == {"test_each_time": "PASS", "test_at_night": "FAIL"}
    assert "Left out" not in done.stdout.str()
    assert session.record().choices["profile"] == "nightly"


def test_the_profile_may_stand_in_the_configuration_file(session):
    (session.pytester.path / "upgrade-e2e.toml").write_text('profile = "nightly"\n')
    session.judge(CLAIMS)
    assert session.verdicts()["test_at_night"] == "FAIL"


@pytest.mark.parametrize("word", ["test_claims.py", "test_claims.py::test_at_night"])
def test_naming_its_file_chooses_it(session, word):
    session.judge(CLAIMS, word)
    assert session.verdicts()["test_at_night"] == "FAIL"
    assert "profile" not in session.record().choices


def test_naming_a_folder_or_another_file_does_not(session):
    other = session.pytester.path / "test_other.py"
    other.write_text(scenarios(CLAIMS.replace("test_each_time", "test_other")))
    done = session.judge(CLAIMS, ".")
    assert session.verdicts() == {"test_each_time": "PASS", "test_other": "PASS"}
    done.stdout.fnmatch_lines([LEFT_OUT])


def test_a_mark_on_the_module_leaves_out_all_of_it(session):
    (session.pytester.path / "test_nights.py").write_text(
        scenarios("pytestmark = pytest.mark.nightly\ndef test_long(upgraded): assert False\n")
    )
    session.judge("def test_short(upgraded): pass")
    assert session.verdicts() == {"test_short": "PASS"}


def test_workers_say_what_they_left_out(session, monkeypatch):
    session.pytester.makeconftest(
        "from tests.unit.run.fake_provider import FakeProvider\n"
        "from upgrade_e2e.run import judged\n"
        "judged.make_provider = lambda settings, folder: FakeProvider(folder)\n"
    )
    session.pytester.makepyfile(test_claims=scenarios(CLAIMS))
    done = session.pytester.runpytest_subprocess(*PASS_OPTIONS, "-n", "1")
    done.stdout.fnmatch_lines([LEFT_OUT])
    assert session.verdicts() == {"test_each_time": "PASS"}


@pytest.mark.parametrize(("named", "judged"), [((), False), (("test_claims.py",), True)])
def test_judging_again_takes_what_was_judged(session, request, named, judged):
    session.judge(CLAIMS, *named)
    again = SavedPasses.of(session.artifacts, None, same=True)
    items = session.pytester.getitems(scenarios(CLAIMS))
    assert [again.includes(item) for item in items] == [True, judged]


def test_judging_again_with_files_takes_all_of_them(session):
    session.judge(CLAIMS)
    again = SavedPasses.of(session.artifacts, None, same=False)
    items = session.pytester.getitems(scenarios(CLAIMS))
    assert [again.includes(item) for item in items] == [True, True]


def test_a_profile_that_does_not_exist_is_refused(session):
    (session.pytester.path / "upgrade-e2e.toml").write_text('profile = "weekly"\n')
    done = session.judge(CLAIMS)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*profile is 'weekly'; it is one of standard, nightly."])


def test_nothing_is_said_where_nothing_is_left_out():
    assert left_out_lines(()) == []
    assert max(map(len, left_out_lines(["test_" + "a" * 30, "test_" + "b" * 30]))) <= 80
