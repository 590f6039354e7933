"""Pytest sessions inside a test: scenarios in a folder of their own, passes on a fake provider."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

# What a session inside a test imports is forgotten after it; numpy cannot be loaded twice.
from pytest_upgrade_e2e import command, session  # noqa: F401
from tests.unit.run.fake_provider import FakeProvider
from upgrade_e2e.report import RunRecord, ScenarioResult, load_record

__all__ = ["PASS_OPTIONS", "Loaded", "Session", "scenarios"]

PASS_OPTIONS = ("--upgrade-provider=sim", "--upgrade-watch-before=0", "--upgrade-watch-after=0.1")
QUIET = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:randomly")
HEAD = """
import pytest
from tests.unit.run.fake_provider import Heartbeat
from upgrade_e2e import Inconclusive

HEART, SICK = Heartbeat(), Heartbeat("sick", misses=True)
"""


def scenarios(body: str) -> str:
    """The source of a module of scenarios."""
    return HEAD + body


@dataclass(eq=False)
class Loaded:
    """The modules that sessions loaded, which pytester forgets after each and at its own end.

    Libraries are kept: one that is loaded twice has two classes of each name.
    """

    modules: dict[str, ModuleType] = field(default_factory=dict)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Note what is loaded at the end of the session."""
        self.note()

    def note(self) -> None:
        """Note what is loaded now; of a library that was noted before, the first one stays."""
        self.modules = {**sys.modules, **self.modules}

    def keep(self) -> None:
        """Put back all but the modules of the session's own folder."""
        for name, module in self.modules.items():
            if not name.startswith(("test_", "conftest")):
                sys.modules.setdefault(name, module)


@dataclass
class Session:
    """A folder with scenarios, and the fake providers of the passes that were run there."""

    pytester: pytest.Pytester
    loaded: Loaded
    failures: dict[str, BaseException] = field(default_factory=dict)
    providers: list[FakeProvider] = field(default_factory=list)

    def make_provider(self, settings: object, folder: Path) -> FakeProvider:
        """In place of run.providers.make_provider."""
        self.providers.append(FakeProvider(folder, self.failures))
        return self.providers[-1]

    @property
    def artifacts(self) -> Path:
        """Where a pass leaves what it leaves."""
        return self.pytester.path / "artifacts"

    def judge(self, body: str, *words: str) -> pytest.RunResult:
        """Run one module of scenarios over a pass."""
        self.pytester.makepyfile(test_claims=scenarios(body))
        return self.run(*PASS_OPTIONS, *words)

    def run(self, *words: str) -> pytest.RunResult:
        """Run pytest in the folder."""
        result = self.pytester.runpytest_inprocess(*QUIET, *words, plugins=[self.loaded])
        self.loaded.keep()
        return result

    def record(self, folder: str = "") -> RunRecord:
        """The record of the pass."""
        return load_record(self.artifacts / folder)

    def result(self, name: str) -> ScenarioResult:
        """What the record says of one scenario."""
        return {result.name: result for result in self.record().scenarios}[name]

    def verdicts(self) -> dict[str, str]:
        """The verdict of each scenario in the record."""
        return {result.name: result.verdict.value for result in self.record().scenarios}

    def junit(self) -> dict[str, dict[str, str]]:
        """The properties of each test in junit.xml."""
        cases = ET.parse(self.artifacts / "junit.xml").iter("testcase")  # noqa: S314 - our own
        return {
            case.attrib["name"]: {
                one.attrib["name"]: one.attrib["value"] for one in case.iter("property")
            }
            for case in cases
        }

    def suite_properties(self) -> dict[str, str]:
        """The properties in junit.xml that are of the whole suite."""
        (found,) = ET.parse(self.artifacts / "junit.xml").findall("testsuite/properties")  # noqa: S314 - our own
        return {one.attrib["name"]: one.attrib["value"] for one in found}
