"""What tests of several folders share."""

import pytest

from tests.browser import find_chromium, launch_chromium

# The repository's own tests run inside pytest's test harness for plugins.
pytest_plugins = ["pytester"]


@pytest.fixture(scope="module")
def browser():
    """One browser for all tests of a file."""
    path = find_chromium()
    if path is None:
        pytest.skip("there is no Chromium on this machine; ci/chromium installs it")
    with launch_chromium(path) as launched:
        yield launched
