"""What tests of backups share: a place with snapshots, and programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.backups import made
from upgrade_e2e.backups import EtcdPrograms, FolderLocation


@pytest.fixture
def place(tmp_path: Path) -> FolderLocation:
    """An empty folder of snapshots."""
    (tmp_path / "place").mkdir()
    return FolderLocation(tmp_path / "place")


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> EtcdPrograms:
    """Programs that stand in for etcd's."""
    return made.programs(tmp_path_factory.mktemp("programs"))
