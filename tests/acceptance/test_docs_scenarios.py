"""What docs/scenarios.md and README.md show of scenarios works as it is written there."""

from __future__ import annotations

import ast
import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

import upgrade_e2e
from upgrade_e2e import Seen, Workload

ROOT = Path(__file__).parents[2]
PAGES = ("docs/scenarios.md", "README.md")
A_PASS = ("--upgrade-provider=sim",)
"""What asks for a pass, on the command line of pytest."""
WITHIN_S = 180


@dataclass(frozen=True)
class Block:
    """The Python of one code block, and where it begins."""

    page: str
    line: int
    code: str

    @property
    def module(self) -> str:
        """A name for the test module that it becomes."""
        return f"test_{Path(self.page).stem.lower()}_{self.line}"

    @property
    def tests(self) -> set[str]:
        """Its tests, as pytest lists them."""
        body = ast.parse(self.code).body
        functions = [one.name for one in body if isinstance(one, ast.FunctionDef)]
        return {f"{self.module}.py::{name}" for name in functions if name.startswith("test_")}


def blocks() -> list[Block]:
    """All blocks of Python on the pages."""
    found = []
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for match in re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            line = text.count("\n", 0, match.start()) + 1
            found.append(Block(page, line, match[1]))
    return found


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below the row that begins with `heading`."""
    text = (ROOT / PAGES[0]).read_text(encoding="utf-8")
    table = text.partition(f"\n| {heading} |")[2].partition("\n\n")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def collected(pytester: pytest.Pytester, *shown: Block) -> tuple[int, set[str]]:
    """The exit code of collecting the blocks, each as a test module, and the tests."""
    pytester.makepyfile(**{block.module: block.code for block in shown})
    options = ("--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:randomly")
    result = pytester.runpytest_subprocess(*options, *A_PASS, timeout=WITHIN_S)
    listed = [line.partition("[")[0] for line in result.outlines if "::" in line]
    return result.ret, set(listed)


def test_every_block_is_a_module_of_scenarios(pytester):
    shown = blocks()
    assert {block.page for block in shown} == set(PAGES)
    assert all(block.tests for block in shown)
    code, tests = collected(pytester, *shown)
    assert code == 0
    assert tests == set().union(*(block.tests for block in shown))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("HttpEdge(CHECKOUT, rate_hz=20)", "HttpEdge(20, backend=CHECKOUT)"),
        ('DnsLookups("kubernetes.default"', 'DnsLookups(name="kubernetes.default"'),
        ("rate_hz=50", "rate_hz=0"),
    ],
)
def test_a_block_that_is_wrong_is_noticed(pytester, right, wrong):
    block = next(block for block in blocks() if right in block.code)
    broken = dataclasses.replace(block, code=block.code.replace(right, wrong))
    code, tests = collected(pytester, broken)
    assert code == pytest.ExitCode.INTERRUPTED
    assert not tests


def test_the_table_of_observers_shows_their_defaults():
    names = {name: getattr(upgrade_e2e, name) for name in upgrade_e2e.__all__}
    made = {}
    for cells in rows("Observer"):
        call = cells[0].strip("`")
        observer = eval(call, dict(names))  # noqa: S307 - a cell of our own page
        made[type(observer).__name__] = observer
        shown = ast.parse(call, mode="eval").body
        fields = {field.name for field in dataclasses.fields(observer)} - {"label"}
        assert len(shown.args) + len(shown.keywords) == len(fields), call
        assert observer == type(observer)(), call
    named = {"ApiServer", "DnsLookups", "EtcdHealth", "HttpEdge", "HttpService", "PodChurn"}
    named.add("RuntimeAnswers")
    assert set(made) == named


def test_the_table_of_a_workload_shows_every_field():
    shown = {
        cells[0].strip("`"): ast.literal_eval(cells[1].strip("`"))
        for cells in rows("Field of `Workload`")
    }
    assert shown == dataclasses.asdict(Workload())


def test_the_table_of_figures_names_what_is_there():
    names = [word for cells in rows("Figure") for word in re.findall(r"`(\w+)", cells[0])]
    assert {"failure_ratio", "p99_s", "only", "explain"} <= set(names)
    assert [name for name in names if not hasattr(Seen, name)] == []


@pytest.mark.quiet
def test_every_claim_of_the_page_holds_in_a_simulated_pass(pytester):
    shown = [block for block in blocks() if block.page == PAGES[0]]
    pytester.makepyfile(**{block.module: block.code for block in shown})
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *A_PASS, timeout=WITHIN_S)
    skipped = sum("needs three" in block.code for block in shown)  # it has one control plane
    assert result.ret == 0, result.stdout.str()
    claims = sum(len(block.tests) for block in shown)
    result.assert_outcomes(passed=claims - skipped, skipped=skipped)
