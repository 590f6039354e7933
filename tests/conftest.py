"""What tests of several folders share, and the option that allows no skip."""

from __future__ import annotations

import importlib

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """A skip becomes a failure where the real cluster is compulsory."""
    parser.addoption("--no-skips", action="store_true", help="a skipped test fails")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Fail what would have skipped, when skips are not allowed."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and item.config.getoption("--no-skips") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but --no-skips is set: {call.excinfo and call.excinfo.value}"


@pytest.fixture(scope="module")
def browser():
    """One browser for all tests of a file."""
    pytest.importorskip("playwright", reason="playwright is not installed; the dev group has it")
    browsers = importlib.import_module("tests.browser")  # later than that it may be missing
    path = browsers.find_chromium()
    if path is None:
        pytest.skip("there is no Chromium on this machine; ci/chromium installs it")
    with browsers.launch_chromium(path) as launched:
        yield launched
