"""What acceptance tests of several files share."""

from __future__ import annotations

import os

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
