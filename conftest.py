"""The repository's own tests: pytest's harness for plugins, and the option that allows no skip."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

pytest_plugins = ["pytester"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """A skip becomes a failure where the real cluster is compulsory."""
    parser.addoption("--no-skips", action="store_true", help="a skipped test fails")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, None]:
    """Fail what would have skipped, when skips are not allowed.

    What reads an input that is no part of the project may still skip where that is not there.
    """
    outcome = yield
    report = outcome.get_result()
    outside = item.get_closest_marker("input_from_outside") is not None
    strict = item.config.getoption("--no-skips") and not outside
    if report.skipped and strict and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but --no-skips is set: {call.excinfo and call.excinfo.value}"
