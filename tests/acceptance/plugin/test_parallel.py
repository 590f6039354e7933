"""Several paths at once: what a worker is handed, and what it refuses."""

from __future__ import annotations

import fnmatch
import os
import sys

import pytest

from pytest_upgrade_e2e.parallel import PathScheduling
from tests.unit.plugin.sessions import scenarios

FAKED = """
from tests.unit.run.fake_provider import FakeProvider
from upgrade_e2e.run import judged

judged.make_provider = lambda settings, folder: FakeProvider(folder)
"""
CLAIMS = """
@pytest.mark.observes(HEART)
def test_beats(upgraded):
    assert upgraded.saw(HEART).failures == 0

def test_goes_to_1_34(upgraded):
    assert upgraded.path[-1] == 'v1.34.4'
"""
PATHS = ("v1.32.2-v1.33.13", "v1.32.2-v1.33.13-v1.34.4", "v1.34.4-v1.35.4")


@pytest.fixture
def scope_of(pytestconfig, monkeypatch):
    """To which piece of work a test belongs."""
    monkeypatch.setattr(pytestconfig.option, "tx", ["popen"])
    return PathScheduling(PATHS, pytestconfig)._split_scope


@pytest.mark.parametrize(
    ("nodeid", "path"),
    [
        ("test_a.py::test_dns[v1.32.2-v1.33.13]", PATHS[0]),
        ("test_b.py::TestC::test_http[v1.32.2-v1.33.13]", PATHS[0]),
        ("test_a.py::test_dns[v1.32.2-v1.33.13-v1.34.4]", PATHS[1]),
        ("test_a.py::test_dns[v1.32.2-v1.33.13-v1.34.4-red]", PATHS[1]),
        ("test_a.py::test_dns[red-v1.34.4-v1.35.4]", PATHS[2]),
    ],
)
def test_all_scenarios_of_a_path_are_one_piece_of_work(scope_of, nodeid, path):
    assert scope_of(nodeid) == path


@pytest.mark.parametrize("nodeid", ["v1.34.4-v1.35.4.py::test_plain", "test_a.py::test_one[red]"])
def test_what_judges_no_path_is_work_of_its_own(scope_of, nodeid):
    assert scope_of(nodeid) == nodeid


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("@pytest.mark.observes(42)\ndef test_one(upgraded): pass", "*42, which is no observer*"),
        ("import nowhere", "*No module named 'nowhere'*"),
    ],
    ids=["no-observer", "no-module"],
)
def test_what_a_worker_refuses_is_said_once_and_is_exit_code_2(session, body, told):
    session.pytester.makepyfile(test_claims=scenarios(body))
    words = ("-n2", "--provider=sim", "-s", "test_claims.py")
    done = session.pytester.run("upgrade-e2e", "run", *words, timeout=120)
    assert done.ret == 2, done.stdout.str()
    said = [line for line in done.outlines + done.errlines if fnmatch.fnmatch(line, told)]
    assert len(said) == 1
    assert "INTERNALERROR" not in done.stdout.str()
    assert not (session.artifacts / "run.json").exists()


def test_each_path_is_run_once_by_a_worker_whose_progress_is_seen(session, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # workers import this package
    session.pytester.makeconftest(FAKED)
    session.pytester.makepyfile(test_claims=scenarios(CLAIMS))
    paths = ("--path=v1.33.13,v1.34.4", "--path=v1.34.4,v1.35.4")
    words = (
        "-n2",
        "--provider=sim",
        "--watch-before=0",
        "--watch-after=0.1",
        "-s",
        "test_claims.py",
    )
    done = session.pytester.run("upgrade-e2e", "run", *words, *paths, timeout=120)
    assert done.ret == 1, done.stdout.str()
    for folder, verdict in {"v1.33.13-v1.34.4": "PASS", "v1.34.4-v1.35.4": "FAIL"}.items():
        assert done.stderr.str().count(f"{folder}: > create") == 1
        assert session.record(folder).verdict == verdict
        assert [result.name for result in session.record(folder).scenarios] == [
            "test_beats",
            "test_goes_to_1_34",
        ]
    assert "v1.34.4 -> v1.35.4" in (session.artifacts / "summary.md").read_text()


@pytest.mark.parametrize("how", ["loadfile", "each", "worksteal"])
def test_a_distribution_that_would_repeat_a_pass_is_refused(session, how):
    session.pytester.makepyfile(test_claims=scenarios("def test_one(upgraded): pass"))
    done = session.run("-n2", f"--dist={how}", "--upgrade-provider=sim")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"ERROR: --dist {how} would run a path more than once*"])


PYTEST_PARALLEL = """
def pytest_addoption(parser, pluginmanager):
    parser.addoption("--workers", dest="workers")
    pluginmanager.register(object(), "parallel")
"""


def test_pytest_parallel_may_be_there_but_not_at_work(session):
    session.pytester.makeconftest(PYTEST_PARALLEL)
    session.pytester.makepyfile(test_claims=scenarios(CLAIMS))
    assert session.run("--upgrade-provider=sim", "--co").ret == pytest.ExitCode.OK
    refused = session.run("--upgrade-provider=sim", "--workers=2")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(["*pytest-parallel would tear the scenarios of one path apart*"])
