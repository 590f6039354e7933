"""What each way of ending a test means; only a broken claim is FAIL."""

from __future__ import annotations

import pytest

BROKEN = "the scenario itself is broken: "


def test_claims_that_hold(session):
    done = session.judge("""
@pytest.mark.observes(HEART)
def test_beats(upgraded, limits):
    '''The heart beats.

    And goes on.
    '''
    assert upgraded.saw(HEART).failures == 0
    assert limits is upgraded.limits
""")
    assert done.ret == pytest.ExitCode.OK
    done.stdout.fnmatch_lines(["PASS (SIMULATED) v1.33.13 -> v1.34.4: The one claim*"])
    done.stdout.fnmatch_lines(["SIMULATED: a rehearsal*"])
    result = session.result("test_beats")
    assert (result.verdict, result.claim) == ("PASS", "The heart beats.")
    assert (result.observers, result.traceback) == (("heart",), "")
    assert session.providers[0].calls["delete"] == 1


def test_a_broken_claim_is_fail(session):
    done = session.judge("""
@pytest.mark.observes(SICK)
def test_asserts(upgraded):
    seen = upgraded.saw(SICK)
    assert seen.failures == 0, seen.explain()

def test_fails(upgraded):
    pytest.fail('it stopped')

class TestGroup:
    def test_helped(self, upgraded):
        holds(False)

def holds(claim):
    assert claim
""")
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    done.assert_outcomes(failed=3)
    assert set(session.verdicts().values()) == {"FAIL"}
    assert session.record().verdict == "FAIL"
    assert "refused" in session.result("test_asserts").explanation
    assert session.result("test_fails").explanation == "it stopped"
    assert {properties["verdict"] for properties in session.junit().values()} == {"FAIL"}


def test_a_scenario_that_does_not_work_is_inconclusive(session):
    done = session.judge("""
def test_typo(upgraded):
    assert upgarded.saw(HEART)

@pytest.mark.observes(HEART)
def test_stream(upgraded):
    assert upgraded.saw(HEART).only(stream='neww').failures == 0

@pytest.fixture
def raising():
    raise ValueError('no such file')

@pytest.fixture
def asserting():
    assert 1 == 2

@pytest.fixture
def failing():
    pytest.fail('not here')

@pytest.fixture
def asserting_late():
    yield
    assert 3 == 4

def test_setup_raises(upgraded, raising): pass
def test_setup_asserts(raising, upgraded): pass
def test_fixture_asserts(upgraded, asserting): pass
def test_fixture_fails(upgraded, failing): pass
def test_teardown_asserts(upgraded, asserting_late): pass
def test_missing_fixture(upgraded, nowhere): pass
""")
    told = {
        "test_typo": "NameError: name 'upgarded' is not defined",
        "test_stream": "BadInput: heart has no stream with",
        "test_setup_raises": "ValueError: no such file",
        "test_setup_asserts": "ValueError: no such file",
        "test_fixture_asserts": "AssertionError: assert 1 == 2",
        "test_fixture_fails": "Failed: not here",
        "test_teardown_asserts": "AssertionError: assert 3 == 4",
        "test_missing_fixture": "LookupError: there is no fixture 'nowhere'",
    }
    assert session.verdicts() == dict.fromkeys(told, "INCONCLUSIVE")
    assert session.record().verdict == "INCONCLUSIVE"
    output = done.stdout.str()
    for name, words in told.items():
        result = session.result(name)
        assert result.explanation.startswith(BROKEN)
        assert words in result.explanation
        assert "test_claims.py" in result.traceback
        assert f"INCONCLUSIVE: {result.explanation}" in output
        assert result.traceback.rstrip() in output
    assert {properties["verdict"] for properties in session.junit().values()} == {"INCONCLUSIVE"}


def test_what_comes_after_a_ruling_does_not_undo_it(session):
    session.judge("""
@pytest.fixture
def late():
    yield
    raise ValueError('too late')

def test_fail(upgraded, late):
    assert not upgraded

def test_blind(upgraded, late):
    raise Inconclusive('it was dark')

def test_pass(upgraded, late): pass
""")
    assert session.verdicts() == {
        "test_fail": "FAIL",
        "test_blind": "INCONCLUSIVE",
        "test_pass": "INCONCLUSIVE",
    }
    assert session.result("test_fail").traceback == ""
    assert session.result("test_blind").explanation == "it was dark"
    assert session.result("test_pass").explanation == f"{BROKEN}ValueError: too late"
    assert session.record().verdict == "FAIL"


def test_blind_and_skipped_scenarios(session):
    done = session.judge("""
def test_blind(upgraded):
    raise Inconclusive('it was dark')

def test_skipped(upgraded):
    pytest.skip('needs three control planes')

@pytest.mark.skip('not today')
def test_marked(upgraded): pass

@pytest.fixture
def lacking():
    pytest.skip('no ingress')

def test_lacking(upgraded, lacking): pass

def test_holds(upgraded): pass
""")
    assert session.verdicts() == {
        "test_blind": "INCONCLUSIVE",
        "test_skipped": "SKIP",
        "test_marked": "SKIP",
        "test_lacking": "SKIP",
        "test_holds": "PASS",
    }
    assert session.result("test_blind").explanation == "it was dark"
    assert session.result("test_blind").traceback == ""
    reasons = [session.result(f"test_{name}").explanation for name in ("skipped", "marked")]
    assert reasons == ["needs three control planes", "not today"]
    done.stdout.fnmatch_lines(["*1 passed*3 skipped*1 inconclusive*"])


def test_an_observer_without_the_marker_is_inconclusive_and_says_what_to_add(session):
    session.judge("""
def test_beats(upgraded):
    assert upgraded.saw(HEART).failures == 0
""")
    result = session.result("test_beats")
    assert result.verdict == "INCONCLUSIVE"
    assert "add it to @pytest.mark.observes(...)" in result.explanation


def test_a_pass_that_cannot_be_made_leaves_every_scenario_inconclusive(session, unmade):
    done = session.judge("""
@pytest.fixture
def raising(upgraded):
    raise ValueError('never reached')

def test_one(upgraded): pass
def test_two(upgraded, raising): pass
""")
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    assert session.verdicts() == {"test_one": "INCONCLUSIVE", "test_two": "INCONCLUSIVE"}
    for name in ("test_one", "test_two"):
        assert session.result(name).explanation == "there is no disk"
        assert session.result(name).traceback == ""
    assert session.providers[0].calls["create"] == 1
    assert session.record().cluster_made is False


def test_a_failed_step_is_fail_whatever_the_scenarios_say(session, failing_step):
    done = session.judge("""
@pytest.mark.observes(HEART)
def test_beats(upgraded):
    assert upgraded.failed_step is not None
    assert upgraded.saw(HEART).failures == 0
""")
    assert session.verdicts() == {"test_beats": "PASS"}
    assert session.record().verdict == "FAIL"
    assert session.record().failed_step.step == "drain worker"
    done.stdout.fnmatch_lines(["FAIL (SIMULATED)*The step 'drain worker' failed: *"])


def test_what_the_pass_cost_is_a_property_of_the_suite(session):
    session.judge("""
@pytest.mark.observes(HEART)
def test_beats(upgraded):
    assert upgraded.saw(HEART).failures == 0
""")
    cost = session.record().cost
    assert cost.stock.startswith("There are no stock passes ")
    assert session.suite_properties()["cost"] == cost.stock


def test_limits_from_a_history_that_was_not_named_are_refused(session):
    done = session.judge(
        "def test_beats(upgraded):\n    assert upgraded", "--upgrade-limits=from-history"
    )
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*--limits from-history needs a history*--history FILE*"])
    assert session.providers == []
