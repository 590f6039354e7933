"""Several places and several commits in one change: what is walked, what is named, what asks."""

from __future__ import annotations

import string

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.changes import WHOLE, diff_of
from tests.unit.bumps.asked import asked, said, walked
from upgrade_e2e.bumps.differences import compare
from upgrade_e2e.bumps.nodes import Block, Rows, Scalar, leaves


def tfvars(name, old, new):
    """A change of one version in a file of its own."""
    text = 'kubernetes_version = "{}"\n'
    return diff_of(name, *(text.format(word) if word else None for word in (old, new)))


def test_a_way_down_hides_no_other_file():
    diff = tfvars("a.tfvars", "1.36.1", "1.36.0") + tfvars("b.tfvars", "1.33.5", "1.34.3")
    answer = asked(diff)
    assert walked(answer) == ["v1.33.5,v1.34.3"]
    assert "goes down from v1.36.1 to v1.36.0: not walked" in said(answer.unknown)


def test_a_way_down_from_what_was_never_rolled_out_asks_nobody():
    diff = tfvars("a.tfvars", "1.34.3", "1.33.5")
    for word in ("1.34.3", "v1.34.3", "v1.34", "1.34"):
        answer = asked(diff, never_rolled_out=[word])
        assert not answer.unknown
        assert "v1.34.3 was never rolled out" in said(answer.notes)
    assert asked(diff, never_rolled_out=["1.34.1", "1.33"]).unknown


def test_a_minor_that_nobody_knows_cannot_be_walked_and_is_named():
    answer = asked(tfvars("a.tfvars", "1.29", "1.31"))
    assert not answer.paths
    assert "a.tfvars:1" in said(answer.unknown)
    assert "no image is known for any patch of v1.29" in said(answer.unknown)
    known = "v1.33.7 v1.35.0"
    assert "any patch of v1.34" in said(asked(tfvars("a", "1.33", "1.35"), known).unknown)


def test_the_same_minor_said_more_exactly_is_no_upgrade():
    for old, new in (("1.34", "1.34.1"), ("1.34.3", "1.34")):
        answer = asked(tfvars("a.tfvars", old, new))
        assert not answer.paths
        assert not answer.unknown
        assert "the same minor" in said(answer.notes)


def test_the_nearest_patch_is_walked_when_asked_for_and_said():
    diff = tfvars("a.tfvars", "1.33.5", "1.34.1")
    answer = asked(diff)
    assert walked(answer) == ["v1.33.5,v1.34.1"]
    assert "v1.33.5 is not one of the known versions; --nearest-patch would walk v1.33.7" in said(
        answer.notes
    )
    answer = asked(diff, nearest_patch=True)
    assert walked(answer) == ["v1.33.7,v1.34.3"]
    assert "v1.33.5 is walked as v1.33.7, the nearest patch that is known" in said(answer.notes)


def test_several_commits_in_one_diff_are_judged_by_their_sum_in_any_order():
    first, second = tfvars("a.tfvars", "1.33.5", "1.34.3"), tfvars("a.tfvars", "1.34.3", "1.35.0")
    for diff in (first + second, second + first):
        assert walked(asked(diff)) == ["v1.33.5,v1.34.3,v1.35.0"]
    back = tfvars("a.tfvars", "1.34.3", "1.33.5")
    for diff in (first + back, back + first):
        answer = asked(diff)
        assert not answer.paths
        assert not answer.unknown


def test_a_version_without_the_one_that_it_replaces_asks():
    text = "name: a\nregion: b\n"
    answer = asked(diff_of("a.yaml", text, f"{text}kubernetesVersion: 1.34.3\n", WHOLE))
    assert "1.34.3 came without a version that it replaces" in said(answer.unknown)
    answer = asked(diff_of("a.yaml", f"{text}kubernetesVersion: 1.34.3\n", text, WHOLE))
    assert "1.34.3 went without a version that it is replaced by" in said(answer.unknown)


def test_an_expression_in_place_of_a_version_asks():
    old, new = 'eks_version = "1.33"\n', "eks_version = var.version\n"
    assert "1.33 went" in said(asked(diff_of("a.tf", old, new)).unknown)
    assert "1.33 came" in said(asked(diff_of("a.tf", new, old)).unknown)


def test_a_file_for_another_file_elsewhere_is_a_question():
    diff = tfvars("live/one/a.tfvars", "1.33.5", None) + tfvars("new/two/b.tfvars", None, "1.34.3")
    answer = asked(diff)
    assert not answer.paths
    assert "which may be two clusters" in said(answer.unknown)


def test_what_follows_a_bump_in_its_file_asks_nothing_more():
    text = "kubernetesVersion: v{0}\nfleet:\n  kubernetes:\n    pinned: v{0}\n"
    answer = asked(diff_of("a.yaml", text.format("1.33.5"), text.format("1.34.3"), WHOLE))
    assert walked(answer) == ["v1.33.5,v1.34.3"]
    assert not answer.unknown


def test_in_a_named_file_no_version_stays_unseen():
    text = "platform:\n  release: {}\n"
    diff = diff_of("platform.yaml", text.format("1.33.5"), text.format("1.34.3"), WHOLE)
    assert not asked(diff).unknown
    unknown = asked(diff, named=["platform.yaml"]).unknown
    assert said(unknown).startswith("platform.yaml:2: platform.release: 1.33.5 -> 1.34.3: looks")


KEYS = st.text(alphabet=string.ascii_lowercase, min_size=1, max_size=3)
SCALARS = st.builds(Scalar, KEYS, st.just(1))
NODES = st.recursive(
    SCALARS,
    lambda below: st.one_of(
        st.builds(Block, st.dictionaries(KEYS, below, max_size=3)),
        st.builds(Rows, st.lists(below, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


@given(NODES)
def test_a_tree_does_not_differ_from_itself(node):
    assert list(compare(node, node)) == []


@settings(deadline=None)
@given(NODES, NODES)
def test_what_differs_is_seen_from_both_sides_alike(one, other):
    def ways(before, after):
        return [
            tuple(side.scalar.value if side else "" for side in (change.before, change.after))
            for change in compare(before, after)
        ]

    assert sorted(ways(one, other)) == sorted(way[::-1] for way in ways(other, one))


@given(NODES)
def test_all_that_goes_and_all_that_comes_is_seen(node):
    values = sorted(leaf.value for leaf in leaves(node))
    assert sorted(c.before.scalar.value for c in compare(node, None)) == values
    assert sorted(c.after.scalar.value for c in compare(None, node)) == values


@given(st.permutations(["a", "b", "c"]), st.sampled_from(["a", "b", "c"]))
def test_items_with_names_may_change_their_order(order, changed):
    def rows(names, version):
        return Rows(
            tuple(
                Block(
                    {
                        "name": Scalar(name, 1),
                        "version": Scalar(version if name == changed else "1", 1),
                    }
                )
                for name in names
            )
        )

    (change,) = compare(rows("abc", "1"), rows(order, "2"))
    assert (change.before.scalar.value, change.after.scalar.value) == ("1", "2")
