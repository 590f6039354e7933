"""Each row of shapes.toml fits its example, and users add rows of their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.changes import WHOLE, diff_of
from tests.unit.bumps.asked import asked, said, walked
from upgrade_e2e.bumps import read_rules
from upgrade_e2e.bumps.changes import read_diff
from upgrade_e2e.bumps.differences import Place
from upgrade_e2e.bumps.fitting import Fit, fit_keys
from upgrade_e2e.bumps.nodes import UNSEEN
from upgrade_e2e.bumps.shapes import Meaning, Shape, key_shape, shipped_shapes
from upgrade_e2e.bumps.sightings import NEVER_NAMED, turns_of
from upgrade_e2e.errors import BadInput

SHAPES = [shape for shape in shipped_shapes() if shape.example]


def change_of(example):
    """The diff that an example makes: `@` is a version, `@@` the number of a minor."""
    old, new = (
        example["text"].replace("@@", minor).replace("@", f"1.{minor}.2") + "\n"
        for minor in ("33", "34")
    )
    return diff_of(example["file"], old, new, WHOLE)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_the_example_of_a_row_is_decided_by_that_row(shape):
    (file,) = read_diff(change_of(shape.example))
    turns = list(turns_of(file, shipped_shapes(), is_named=False))
    if shape.is_about_files and not turns:
        assert shape.means in NEVER_NAMED, "such a file is not even read"
        assert next(one for one in shipped_shapes() if one.is_for(file.path)) == shape
        return
    assert turns
    assert shape.name in {turn.after.shape.name for turn in turns if turn.after.shape}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_the_example_of_a_row_is_walked_when_it_is_a_clusters(shape):
    answer = asked(change_of(shape.example))
    assert bool(answer.paths) == (shape.means is Meaning.CLUSTER), said(answer.unknown)
    assert bool(answer.unknown) == (shape.means is Meaning.CHANNEL)


def test_no_two_rows_have_one_name_and_nearly_all_have_an_example():
    names = [shape.name for shape in shipped_shapes()]
    assert len(set(names)) == len(names)
    assert len(names) - len(SHAPES) <= 1


def test_the_row_without_an_example_asks_about_a_channel():
    diff = diff_of("gke.tf", 'release_channel = "REGULAR"\n', 'release_channel = "RAPID"\n')
    assert "release_channel: REGULAR -> RAPID" in said(asked(diff).unknown)


FLEET = "fleet:\n  lab:\n    pinned: {}\n"
CHANGE = diff_of("fleet.yaml", FLEET.format("1.33.2"), FLEET.format("1.34.2"), WHOLE)


def rules(**row):
    """One row of a user."""
    return read_rules([row], "upgrade-e2e.toml")


def test_a_row_of_the_user_makes_a_version_of_a_cluster():
    assert walked(asked(CHANGE)) == []
    for path in ("fleet.lab.pinned", "fleet.*.pinned", "**.pinned"):
        assert walked(asked(CHANGE, rules=rules(path=path))) == ["v1.33.2,v1.34.2"]
    assert walked(asked(CHANGE, rules=rules(path="lab.pinned"))) == []
    assert walked(asked(CHANGE, rules=rules(path="fleet.lab.pinned", files="other.yaml"))) == []


def test_a_row_of_the_user_comes_before_the_shipped_ones():
    diff = diff_of("a.tfvars", 'eks_version = "1.33"\n', 'eks_version = "1.34"\n')
    assert walked(asked(diff)) == ["v1.33.7,v1.34.3"]
    assert walked(asked(diff, rules=rules(key="^eksversion$", means="addon"))) == []


def test_what_a_row_or_key_cannot_be_is_said():
    for row, reason in (
        ({"paht": "a"}, "unknown key 'paht'"),
        ({"path": "a", "means": "upgrade"}, "none of cluster, client"),
        ({"means": "cluster"}, "fits everything"),
        ({"key": "("}, "no regular expression"),
        ({"path": 3}, "cannot be used"),
        ({"rows": "some"}, "cannot be used"),
    ):
        with pytest.raises(BadInput, match=reason):
            rules(**row)
    with pytest.raises(BadInput, match="write tables"):
        read_rules(["a"], "upgrade-e2e.toml")
    with pytest.raises(BadInput, match="no path"):
        key_shape(" . ".strip())


def test_a_key_is_a_whole_path_and_items_of_lists_have_no_name():
    text = "pools:\n- name: a\n  release: {}\napps:\n  release: {}\n"
    old, new = text.format("1.33.2", "1.18.0"), text.format("1.34.2", "1.19.0")
    diff = diff_of("a.yaml", old, new, WHOLE)
    assert walked(asked(diff, keys=["pools[].release"])) == ["v1.33.2,v1.34.2"]
    assert walked(asked(diff, keys=["release"])) == []


def test_a_key_with_dots_can_be_named():
    text = "metadata:\n  annotations:\n    example.test/cluster: v{}\n"
    diff = diff_of("a.yaml", text.format("1.33.2"), text.format("1.34.2"), WHOLE)
    key = "metadata.annotations.example.test/cluster"
    assert walked(asked(diff, keys=[key])) == ["v1.33.2,v1.34.2"]


WORDS = st.lists(st.sampled_from("abc"), max_size=4).map(tuple)


@given(WORDS)
def test_a_path_fits_itself_and_any_number_of_keys_before_it(path):
    assert fit_keys(path, path) is Fit.YES
    assert fit_keys(("**", *path), ("x", "y", *path)) is Fit.YES


@given(WORDS, WORDS)
def test_what_is_out_of_sight_is_never_said_to_be_something_else(pattern, path):
    """Whatever fits with all keys in sight still may fit when the first ones are hidden."""
    if fit_keys(pattern, path) is Fit.YES:
        for hidden in range(len(path) + 1):
            assert fit_keys(pattern, (UNSEEN, *path[hidden:])) is not Fit.NO


def test_a_place_without_keys_fits_no_path():
    shape = Shape("a", Meaning.CLUSTER, path="a")
    assert shape.fit("f", Place(), "1.33", "", "") is Fit.NO
