"""Fixtures for tests that run the agent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.agent.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Starts agents; ends them after the test."""
    made = Rig(tmp_path)
    yield made
    made.close()
