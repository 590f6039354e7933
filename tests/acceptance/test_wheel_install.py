"""The built wheel in somebody's environment: it disturbs nothing there, and runs their scenario.

The repository has packages called as ours once were, and fixtures called as ours are; its other
plugins include one with an option `--workers`; and it takes every warning for an error.
"""

from __future__ import annotations

import itertools
import json
import zipfile
from pathlib import Path

import pytest

from tests.acceptance.fresh import CHECKOUT, add_wheel_and_others

pytestmark = pytest.mark.quiet

PACKAGES = ("e2e", "fixtures", "scenarios")
CONFIG = """
[tool.pytest]
minversion = "9.0"
strict = true
pythonpath = ["."]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
# The second line is for pytest-parallel, whose hooks are marked in an old way.
filterwarnings = [
    "error",
    "ignore:The hookimpl:pytest.PytestRemovedIn10Warning",
]
"""
UNRELATED = """
import e2e, fixtures, scenarios
import pytest

@pytest.fixture
def limits():
    return "limits of the user"

@pytest.mark.parametrize("package", [e2e, fixtures, scenarios], ids=lambda one: one.__name__)
def test_packages_are_the_users(package):
    assert package.VALUE == f"{package.__name__} of the user"

def test_fixture_is_the_users(limits):
    assert limits == "limits of the user"

async def test_coroutine():
    assert e2e.VALUE
"""
SCENARIO = """
import pytest

from scenarios import VALUE
from upgrade_e2e import DnsLookups

LOOKUPS = DnsLookups("kubernetes.default", rate_hz=20)

@pytest.mark.observes(LOOKUPS)
def test_lookups_are_answered(upgraded, limits):
    \"\"\"Lookups are answered throughout the upgrade.\"\"\"
    assert VALUE == "scenarios of the user"
    assert upgraded.saw(LOOKUPS).retried().failure_ratio <= limits.dns.failure_ratio
"""
RUNNERS = (("python", "-m", "pytest"), ("pytest",))


@pytest.fixture(scope="module")
def wheel(fresh):
    """The wheel, installed in the user's repository."""
    files = {f"{name}/__init__.py": f'VALUE = "{name} of the user"\n' for name in PACKAGES}
    files |= {
        "tests/unit/test_unrelated.py": UNRELATED,
        "tests/upgrade/test_first.py": SCENARIO,
        "tests/upgrade/test_second.py": SCENARIO.replace("test_lookups", "test_still_lookups"),
    }
    built = add_wheel_and_others(fresh)
    for name, text in files.items():
        (fresh.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (fresh.folder / name).write_text(text)
    (fresh.folder / "pyproject.toml").write_text(CONFIG)
    return built


def test_only_our_packages_are_installed(wheel):
    names = [Path(name).parts for name in zipfile.ZipFile(wheel).namelist()]
    top = {parts[0] for parts in names if not parts[0].endswith(".dist-info")}
    assert top == {"upgrade_e2e", "pytest_upgrade_e2e", "upgrade_e2e_simulator"}
    shipped = {parts[-1] for parts in names if parts[:2] == ("upgrade_e2e", "scenarios")}
    here = {file.name for file in (CHECKOUT / "scenarios").glob("test_*.py")}
    assert shipped & here == here != set()


@pytest.mark.parametrize("runner", RUNNERS, ids=" ".join)
@pytest.mark.parametrize("workers", [(), ("--workers", "2")], ids=["alone", "pytest-parallel"])
def test_unrelated_tests_pass(fresh, wheel, runner, workers):
    ran = fresh.run(*runner, "tests/unit", "--cov=e2e", *workers)
    said = ran.out + ran.err
    assert ran.code == 0, said
    assert "5 passed" in said
    assert "e2e/__init__.py" in said
    assert "upgrade-e2e-" in said, "the plugin is installed"
    assert "= upgrade-e2e =" not in said, "no pass was begun"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_shuffled_scenarios_stay_together_by_path(fresh, wheel, seed):
    words = ["--upgrade-provider=sim", "--upgrade-path=v1.33,v1.34", "--upgrade-path=v1.34,v1.35"]
    ran = fresh.run("pytest", "tests/upgrade", "--co", "-q", f"--randomly-seed={seed}", *words)
    assert ran.code == 0, ran.out + ran.err
    paths = [line.partition("[")[2] for line in ran.out.splitlines() if "::" in line]
    assert len(paths) == 4
    assert len(list(itertools.groupby(paths))) == 2, "a path that comes twice would run twice"


def test_a_scenario_of_the_user_runs_one_whole_pass(fresh, wheel):
    words = ("--upgrade-provider", "sim", "--upgrade-artifacts-dir", "own", "--cov=scenarios")
    ran = fresh.run("pytest", "tests/upgrade", *words)
    said = ran.out + ran.err
    assert ran.code == 0, said
    assert said.count("> create") == 1
    assert "scenarios/__init__.py" in said
    record = json.loads((fresh.folder / "own" / "run.json").read_text())
    assert record["verdict"] == "PASS"
    names = {scenario["name"] for scenario in record["scenarios"]}
    assert names == {"test_lookups_are_answered", "test_still_lookups_are_answered"}


def test_the_command_runs_a_shipped_scenario(fresh, wheel):
    words = ("--provider", "sim", "--scenario", "upgrade_path", "--artifacts-dir", "shipped")
    ran = fresh.run("upgrade-e2e", "run", *words)
    said = ran.out + ran.err
    assert ran.code == 0, said
    assert "configfile: pyproject.toml" in said, "warnings are errors here too"
    record = json.loads((fresh.folder / "shipped" / "run.json").read_text())
    assert record["verdict"] == "PASS"
    assert len(record["scenarios"]) == 3
