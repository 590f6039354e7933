"""The file of a snapshot, looked at without any program of etcd."""

from __future__ import annotations

import hashlib

import pytest

from tests.unit.backups.made import PAGE, database, snapshot
from upgrade_e2e.backups.file_look import look_at

WHOLE = snapshot()


def look(tmp_path, content):
    file = tmp_path / "snapshot.db"
    file.write_bytes(content)
    return look_at(file)


def test_a_whole_snapshot_has_its_size_and_its_hash(tmp_path):
    seen = look(tmp_path, WHOLE)
    assert (seen.size, seen.database_size, seen.whole_size) == (len(WHOLE), 6 * PAGE, len(WHOLE))
    assert seen.own_hash is True
    assert seen.sha256 == hashlib.sha256(WHOLE).hexdigest()


@pytest.mark.parametrize("left", [80, PAGE, 5 * PAGE + 7, 6 * PAGE - 1, 6 * PAGE + 31])
def test_a_file_that_was_cut_is_shorter_than_its_header_says(tmp_path, left):
    seen = look(tmp_path, WHOLE[:left])
    assert seen.size == left < seen.whole_size


@pytest.mark.parametrize("at", [3 * PAGE, 5 * PAGE + 100, len(WHOLE) - 1])
def test_a_changed_byte_does_not_fit_the_hash(tmp_path, at):
    content = bytearray(WHOLE)
    content[at] ^= 1
    seen = look(tmp_path, bytes(content))
    assert seen.whole_size == seen.size
    assert seen.own_hash is False


def test_a_byte_of_the_first_header_leaves_the_second_one(tmp_path):
    content = bytearray(WHOLE)
    content[20] ^= 1
    seen = look(tmp_path, bytes(content))
    assert seen.database_size == 6 * PAGE
    assert seen.own_hash is False


def test_a_copy_of_a_database_has_no_hash_of_its_own(tmp_path):
    seen = look(tmp_path, database({}))
    assert seen.whole_size == seen.size
    assert seen.own_hash is None


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"\0" * 3 * PAGE])
def test_what_is_no_database_has_no_size(tmp_path, content):
    assert look(tmp_path, content).database_size is None
