"""A pytest plugin that writes what was collected, with the marks of each test, to a file.

`python -m pytest tests --collect-only -p tests.collected --collected-to FILE`
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where to write."""
    parser.addoption("--collected-to", type=Path)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Write one JSON object: for each test the marks that it has, and what they were given."""
    marks = {item.nodeid: _marks(item) for item in items}
    config.getoption("--collected-to").write_text(json.dumps(marks), encoding="utf-8")


def _marks(item: pytest.Item) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for mark in item.iter_markers():
        given = {name: str(value) for name, value in mark.kwargs.items()}
        found.setdefault(mark.name, []).append(given)
    return found
