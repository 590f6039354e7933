"""Files are there whole or not at all."""

from __future__ import annotations

import pytest

from upgrade_e2e.errors import BadInput
from upgrade_e2e.files import write_whole


@pytest.mark.parametrize(
    ("content", "stored"), [("über\n", b"\xc3\xbcber\n"), (b"\x00\r", b"\x00\r")]
)
def test_text_is_stored_as_utf_8_and_bytes_as_they_are(tmp_path, content, stored):
    target = tmp_path / "file"
    target.write_text("what stood there before, and was longer")
    assert write_whole(content, target) == target
    assert target.read_bytes() == stored
    assert list(tmp_path.iterdir()) == [target]


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"missing/file cannot be written"):
        write_whole("text", tmp_path / "missing" / "file")
