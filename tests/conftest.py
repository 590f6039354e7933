"""What tests of several folders share."""

from __future__ import annotations

import importlib

import pytest


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
