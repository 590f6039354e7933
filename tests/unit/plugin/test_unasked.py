"""In a session that asks for no pass the plugin is not there."""

from __future__ import annotations

import pytest

from tests.unit.plugin.sessions import PASS_OPTIONS

PRINTS_PLUGINS = """
def pytest_collection_finish(session):
    plugins = session.config.pluginmanager
    print('begun:', plugins.has_plugin('upgrade-e2e-session'))
"""


def begun(done):
    """Whether the plugin took part in the session."""
    said = [line for line in done.outlines if "begun: " in line]
    assert len(said) == 1
    return said[0].endswith("True")


def files(session):
    """What is in the folder, but for what Python itself leaves there."""
    return {path.name for path in session.pytester.path.iterdir()} - {"__pycache__"}


@pytest.fixture
def watched(session):
    """A session that says whether the plugin takes part."""
    session.pytester.makeconftest(PRINTS_PLUGINS)
    session.pytester.makepyfile("def test_unrelated(): pass")
    return session


def test_without_an_option_there_are_no_hooks_and_no_files(watched):
    before = files(watched)
    done = watched.run()
    done.assert_outcomes(passed=1)
    assert not begun(done)
    assert "upgrade-e2e" not in done.stdout.str().replace("upgrade-e2e-0.1.0", "")
    assert files(watched) == before


@pytest.mark.parametrize(
    "option",
    [
        "--upgrade-provider=sim",
        "--upgrade-path=v1.33.13,v1.34.4",
        "--upgrade-keep-cluster --upgrade-provider=sim",
    ],
)
def test_a_path_or_a_provider_asks_for_one(watched, option):
    assert begun(watched.run(*option.split(), "--upgrade-workers=1", "--upgrade-provider=sim"))


@pytest.mark.parametrize(
    "option", ["--upgrade-workers=1", "--upgrade-watch-after=3", "--upgrade-keep-cluster=always"]
)
def test_other_options_alone_do_not(watched, option):
    assert not begun(watched.run(option))


def test_a_table_alone_starts_nothing(watched):
    table = '[tool.upgrade-e2e]\nprovider = "sim"\npath = "v1.33,v1.34"\n'
    (watched.pytester.path / "pyproject.toml").write_text(table)
    done = watched.run()
    done.assert_outcomes(passed=1)
    assert not begun(done)


def test_a_mistake_in_the_table_is_none_of_an_unrelated_session_s_business(watched):
    file = watched.pytester.path / "pyproject.toml"
    file.write_text("[tool.upgrade-e2e]\nnonsense = 1\n")
    watched.run().assert_outcomes(passed=1)
    done = watched.run("--upgrade-provider=sim")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["ERROR: *unknown key 'nonsense'*"])


@pytest.mark.parametrize("words", [(), PASS_OPTIONS])
def test_names_of_the_user_stay_theirs(session, words):
    session.pytester.makeconftest("""
import pytest

def pytest_addoption(parser):
    parser.addoption('--workers', type=int, default=7)
    parser.addoption('--provider', default='mine')

@pytest.fixture
def limits(request):
    return request.config.getoption('--workers'), request.config.getoption('--provider')

@pytest.fixture
def scenario():
    return 'mine'
""")
    session.pytester.makepyfile("""
def test_mine(limits, scenario):
    assert (limits, scenario) == ((5, 'mine'), 'mine')
""")
    session.run("--workers=5", *words).assert_outcomes(passed=1)


def test_strict_markers_know_the_marker(session):
    session.pytester.makepyfile("""
import pytest

@pytest.mark.observes()
def test_unrelated(): pass
""")
    session.run("--strict-markers").assert_outcomes(passed=1)


def test_a_scenario_without_an_option_fails_with_a_sentence(session):
    session.pytester.makepyfile("""
def test_claim(upgraded): pass
def test_limit(limits): pass
def test_unrelated(): pass
""")
    done = session.run()
    done.assert_outcomes(passed=1, errors=2)
    assert done.stdout.str().count("this test judges an upgrade, but no path is given") >= 2
    done.stdout.fnmatch_lines(["*add --upgrade-from * or --upgrade-provider sim alone.*"])
    assert "Traceback" not in done.stdout.str()


def test_help_lists_every_option_and_runs_nothing(session):
    done = session.run("--help", "--upgrade-provider=sim")
    assert done.ret == pytest.ExitCode.OK
    done.stdout.fnmatch_lines(["*--upgrade-fast-control-plane*", "*--upgrade-config*"])
    assert not session.artifacts.exists()
