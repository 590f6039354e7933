"""The first configuration file: valid, complete, and about the cluster at hand."""

from __future__ import annotations

import re
import tomllib

import pytest

from upgrade_e2e.cluster.outline import outline_of
from upgrade_e2e.run.config import IMAGES, KEYS, load_config
from upgrade_e2e.run.drafting import Draft, draft_config, draft_for

ROLE = "node-role.kubernetes.io/control-plane"


def node(version, **labels):
    """A node of a cluster."""
    return {
        "metadata": {"name": "n", "labels": labels},
        "status": {"nodeInfo": {"kubeletVersion": version}},
    }


def outline(controls=1, workers=2, context="prod", version="v1.33.5-eks-113cf36"):
    """A cluster of that many nodes."""
    nodes = [node(version, **{ROLE: ""})] * controls + [node(version)] * workers
    return outline_of(context, version, nodes)


def without_comments(text):
    """The same file with each example in force."""
    return re.sub(r"^# ([\w-]+ = .*)$", r"\1", text.replace("# [images]", ""), flags=re.MULTILINE)


def test_every_key_is_in_it_and_every_example_can_be_used(tmp_path):
    text = draft_config(Draft())
    assert tomllib.loads(text) == {}
    (tmp_path / "x.toml").write_text(without_comments(text))
    assert set(load_config(tmp_path / "x.toml", tmp_path)) == set(KEYS)
    assert f"# [{IMAGES}]" in text


def test_lines_fit():
    assert max(len(line) for line in draft_config(draft_for(outline())).splitlines()) <= 100


def test_it_asks_for_the_next_upgrade_of_the_cluster_at_hand():
    read = tomllib.loads(draft_config(draft_for(outline())))
    assert read == {
        "from": "v1.33.5",
        "to": "v1.34",
        "nearest-patch": True,
        "control-planes": 1,
        "workers": 2,
    }


@pytest.mark.parametrize(("controls", "drafted"), [(1, 1), (2, 3), (3, 3), (5, 3)])
def test_control_planes_are_one_or_three(controls, drafted):
    assert draft_for(outline(controls)).found["control-planes"] == drafted


def test_a_managed_cluster_shows_no_control_planes():
    draft = draft_for(outline(controls=0, workers=40))
    assert "control-planes" not in draft.found
    assert draft.found["workers"] == 3
    assert "managed" in draft.remarks[0]
    assert "40 other node(s)" in draft.remarks[0]


def test_a_kind_cluster_is_named_and_not_chosen():
    draft = draft_for(outline(context="kind-dev"))
    text = draft_config(draft)
    assert '# reuse-cluster = "dev"' in text
    assert "would upgrade the kind cluster dev itself" in draft.remarks[0]
    assert "reuse-cluster" not in tomllib.loads(text)
