"""What acceptance tests of several files share."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest

from tests.acceptance.fresh import Fresh


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    """The one environment of this test run, which all workers of pytest-xdist share."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder = base / "fresh"
    folder.mkdir(exist_ok=True)
    return Fresh(folder)


@pytest.fixture
def opened(browser):
    """Opens reports in tabs that are closed at the end of the test."""
    contexts = []
    tabs = importlib.import_module("tests.browser").Tab  # needs playwright, which may be missing

    def open_(folder: Path, fragment: str = "", **context):
        settings = {"viewport": {"width": 1280, "height": 900}, **context}
        contexts.append(browser.new_context(**settings))
        return tabs.open(contexts[-1], folder / "report.html", fragment)

    yield open_
    for context in contexts:
        context.close()
