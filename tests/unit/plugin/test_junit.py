"""What a CI's page of tests and the end of the terminal say, in a user's own run of pytest."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from upgrade_e2e.report import headline

CLAIMS = """
@pytest.mark.observes(SICK)
def test_beats(upgraded):
    '''The heart beats.'''
    seen = upgraded.saw(SICK)
    assert seen.failure_ratio <= 0.01, seen.explain()

def test_blind(upgraded):
    raise Inconclusive('it was dark')

def test_typo(upgraded):
    assert upgarded

def test_skipped(upgraded):
    pytest.skip('needs three control planes')

@pytest.mark.observes(HEART)
def test_holds(upgraded):
    assert upgraded.saw(HEART).failures == 0
"""
NOISE = re.compile(r"assert \d|\+  (?:where|and) |Limits\(|<sick: |not so:")


@pytest.fixture
def root(session):
    """junit.xml as pytest was asked to write it, by the words of the command line."""

    def judge(*words, file="artifacts/junit.xml"):
        done = session.judge(CLAIMS, *words)
        return done, ET.parse(session.pytester.path / file).getroot()  # noqa: S314 - our own

    return judge


def case(root, name):
    """One test case, without the path in its name."""
    return next(one for one in root.iter("testcase") if one.attrib["name"].startswith(f"{name}["))


@pytest.mark.parametrize("words", [(), ("--junitxml=mine.xml",)])
def test_a_broken_claim_says_why_in_one_sentence(session, root, words):
    _, suites = root(*words, file="mine.xml" if words else "artifacts/junit.xml")
    failure = case(suites, "test_beats").find("failure")
    first = session.result("test_beats").explanation.splitlines()[0]
    assert failure.attrib["message"] == first
    assert re.fullmatch(
        r"sick: \d+ of \d+ probes failed \([\d.]+%\): \d+ refused; "
        r"failure ratio may be at most 1%",
        first,
    )
    assert "test_claims.py:" in failure.text
    assert "down for" in failure.text
    assert not NOISE.search(ET.tostring(suites, encoding="unicode"))


def test_what_could_not_be_judged_says_why(root):
    _, suites = root()
    assert case(suites, "test_blind").find("failure").attrib["message"] == (
        "INCONCLUSIVE: it was dark"
    )
    assert case(suites, "test_typo").find("failure").attrib["message"] == (
        "INCONCLUSIVE: the scenario itself is broken: NameError: name 'upgarded' is not defined"
    )
    assert "upgarded" in case(suites, "test_typo").find("failure").text
    skipped = case(suites, "test_skipped").find("skipped")
    assert skipped.attrib["message"] == "needs three control planes"
    assert case(suites, "test_holds").find("failure") is None


def test_the_suite_has_verdict_reason_and_what_happened(session, root):
    _, suites = root()
    suite = suites.find("testsuite")
    facts = {one.attrib["name"]: one.attrib["value"] for one in suite.find("properties")}
    assert facts["verdict"] == "FAIL"
    assert facts["why"] == headline(session.record())
    assert "refused connections" in facts["happened 1"]
    assert facts["what to do"]
    assert facts["happened 1"] in " ".join(suite.find("system-out").text.split())


def test_the_terminal_shows_a_broken_claim_without_noise(root):
    done, _ = root()
    output = done.stdout.str()
    assert "failure ratio may be at most 1%" in output
    assert not NOISE.search(output)


def test_the_terminal_ends_with_verdict_why_worst_advice_and_report(session, root):
    done, _ = root()
    end = done.stdout.str().rpartition("upgrade-e2e ===")[2].splitlines()[1:]
    first, _, worst = "\n".join(end).partition("  1. ")
    assert " ".join(first.split()) == (
        'FAIL (SIMULATED) v1.33.13 -> v1.34.4: Broken: "The heart beats" (test_beats). 2 more '
        "could not be judged: the scenario itself is broken (1); it was dark (1)."
    )
    assert worst.startswith("sick refused connections")
    assert "  INCONCLUSIVE test_blind: it was dark" in end
    assert any(line.startswith("  What to do: ") for line in end)
    assert f"Read {session.artifacts / 'summary.md'}" in " ".join(" ".join(end).split())
    assert end[-1].startswith("SIMULATED")
    assert all(len(line) <= 80 for line in end if str(session.artifacts) not in line)


def test_without_words_of_its_own_a_claim_keeps_those_of_pytest(session):
    done = session.judge("def test_two(upgraded):\n    assert len('abc') == 2\n")
    done.stdout.fnmatch_lines(["E*assert 3 == 2", "E*where 3 = len('abc')"])
