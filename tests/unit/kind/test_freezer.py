"""Thawing: only what is frozen, only below the containers that are to go."""

from __future__ import annotations

from e2e.providers.kind.freezer import thaw


def test_frozen_descendants_are_thawed_and_others_left_alone(tmp_path):
    mine = tmp_path / "docker" / "abc" / "kubelet" / "pod"
    other = tmp_path / "docker" / "def"
    for folder, state in ((mine, "FROZEN\n"), (mine.parent, "THAWED\n"), (other, "FROZEN\n")):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "freezer.state").write_text(state)
    assert thaw(["abc"], tmp_path) == 1
    assert (mine / "freezer.state").read_text() == "THAWED"
    assert (other / "freezer.state").read_text() == "FROZEN\n"


def test_without_the_hierarchy_nothing_happens(tmp_path):
    assert thaw(["abc"], tmp_path / "none") == 0
