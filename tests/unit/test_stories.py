"""What docs/stories.md and README.md say of scenarios, claims, limits and faults is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from upgrade_e2e.judge import Limits
from upgrade_e2e.upgrade import Fault
from upgrade_e2e.upgrade.faults import kind_of, plantable_on

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "stories.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
OF_NO_STORY = "upgrade_path"
SCENARIOS = {
    file.stem.removeprefix("test_"): file.read_text(encoding="utf-8")
    for file in sorted((ROOT / "scenarios").glob("test_*.py"))
}
WORDS = set(re.findall(r"`([^`\s]+)`", PAGE))
"""What is shown as code, and is one word."""


def claims_of(source: str) -> set[str]:
    """The names of the claims in a scenario's file, without `test_`."""
    functions = [one for one in ast.parse(source).body if isinstance(one, ast.FunctionDef)]
    return {one.name.removeprefix("test_") for one in functions if one.name.startswith("test_")}


def planted() -> list[str]:
    """The faults in the commands of the page, and in its last table."""
    asked = [quoted or word for quoted, word in re.findall(r'--fault (?:"([^"]+)"|(\S+))', PAGE)]
    rows = re.findall(r"^\|[^|]+\| `\w+` \|([^|]+)\|[^|]+\|[^|]+\|$", PAGE, re.MULTILINE)
    return [*asked, *(word for row in rows for word in re.findall(r"`([^`]+)`", row))]


@pytest.mark.parametrize("name", sorted(set(SCENARIOS) - {OF_NO_STORY}))
def test_every_claim_of_a_scenario_is_on_the_page(name):
    assert claims_of(SCENARIOS[name]) - WORDS == set()
    assert f"(../scenarios/test_{name}.py)" in PAGE


def test_the_readme_names_every_scenario_of_a_story():
    assert [name for name in SCENARIOS if f"`{name}`" not in README] == [OF_NO_STORY]


def test_every_limit_on_the_page_is_one():
    keys = {row.key for row in Limits.default().table}
    named = {word for word in WORDS if re.fullmatch(r"[a-z]+\.[a-z]\w*", word)}
    assert named - keys == set()
    assert len(named) > 30


def test_every_fault_on_the_page_can_be_planted():
    found = [Fault.parse(word) for word in planted()]
    assert len(found) > 40
    for fault in found:
        if fault.value:
            kind_of(fault.name).check(fault.value)


def test_every_fault_of_real_clusters_is_on_the_page():
    shown = {Fault.parse(word).name for word in (*planted(), *WORDS)}
    assert plantable_on("kind") - shown == set()
