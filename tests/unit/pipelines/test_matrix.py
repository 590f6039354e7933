"""Paths for CI out of the versions that are known."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upgrade_e2e.bumps import Question, answer_of, find_bumps
from upgrade_e2e.errors import BadInput
from upgrade_e2e.pipelines import build_matrix, matrix_of_answer, neighbouring_paths
from upgrade_e2e.upgrade import Path
from upgrade_e2e.version import KubeVersion


def versions(*words):
    """Parsed versions."""
    return [KubeVersion.parse(word) for word in words]


KNOWN = versions("v1.32.2", "v1.33.2", "v1.33.13", "v1.34.4", "v1.34.5-rc.0", "v1.36.0")


def ids(paths):
    """The names of paths."""
    return [path.id for path in paths]


def test_neighbours_are_joined_at_their_newest_patches_and_gaps_are_not_jumped():
    assert ids(neighbouring_paths(KNOWN)) == ["v1.32.2-v1.33.13", "v1.33.13-v1.34.4"]


def test_several_hops():
    assert ids(neighbouring_paths(KNOWN, most_hops=5)) == [
        "v1.32.2-v1.33.13",
        "v1.32.2-v1.33.13-v1.34.4",
        "v1.33.13-v1.34.4",
    ]


def test_only_the_newest_minors():
    known = versions("v1.32.2", "v1.33.13", "v1.34.4")
    assert ids(neighbouring_paths(known, most_hops=2, newest=1)) == [
        "v1.32.2-v1.33.13-v1.34.4",
        "v1.33.13-v1.34.4",
    ]


@pytest.mark.parametrize("known", [[], versions("v1.33.1"), versions("v1.33.1", "v1.35.1")])
def test_nothing_to_join_is_refused(known):
    with pytest.raises(BadInput, match="neighbouring"):
        neighbouring_paths(known)


def test_counts_below_one_are_refused():
    paths = neighbouring_paths(KNOWN)
    for ask in (
        lambda: neighbouring_paths(KNOWN, most_hops=0),
        lambda: neighbouring_paths(KNOWN, newest=0),
        lambda: build_matrix(paths, runs=0),
        lambda: build_matrix(()),
        lambda: build_matrix((*paths, paths[0])),
        lambda: build_matrix(paths, runs=129),
    ):
        with pytest.raises(BadInput):
            ask()


def test_json_is_what_a_workflow_reads():
    matrix = build_matrix(neighbouring_paths(KNOWN)[:1], runs=2, faults=["coredns-replicas=1"])
    text = matrix.to_json()
    assert "\n" not in text, "it becomes one line of GITHUB_OUTPUT"
    include = json.loads(text)["include"]
    assert [entry["name"] for entry in include] == [
        "v1.32.2-v1.33.13_run-1",
        "v1.32.2-v1.33.13_run-2",
        "v1.32.2-v1.33.13_control-1",
    ]
    assert include[2] == {
        "name": "v1.32.2-v1.33.13_control-1",
        "path": "v1.32.2,v1.33.13",
        "path_id": "v1.32.2-v1.33.13",
        "from": "v1.32.2",
        "to": "v1.33.13",
        "run": 1,
        "fault": "coredns-replicas=1",
    }
    assert "planted: coredns-replicas=1" in matrix.render()


def test_a_diff_becomes_jobs_and_one_without_a_bump_becomes_none():
    diff = "--- a/k.tf\n+++ b/k.tf\n@@ -1 +1 @@\n-k8s_version = {}\n+k8s_version = {}\n"
    answer = answer_of(find_bumps(diff.format('"1.32"', '"1.34"'), Question()), KNOWN)
    matrix = matrix_of_answer(answer, runs=5, faults=["x=1"])
    assert [entry.name for entry in matrix.entries][-2:] == [
        "v1.32.2-v1.33.13-v1.34.4_run-5",
        "v1.32.2-v1.33.13-v1.34.4_control-1",
    ]
    answer = answer_of(find_bumps(diff.format('"1.32"', '"1.32"  # same'), Question()), KNOWN)
    none = matrix_of_answer(answer)
    assert json.loads(none.to_json()) == {"include": []}
    assert "nothing to run" in none.render()


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(20, 30), st.integers(0, 3)), min_size=1, max_size=12),
    st.integers(1, 4),
)
def test_every_path_is_possible_and_named_once(numbers, hops):
    known = [KubeVersion(1, minor, patch) for minor, patch in numbers]
    try:
        paths = neighbouring_paths(known, most_hops=hops)
    except BadInput:
        minors = {minor for minor, _ in numbers}
        assert not any(minor + 1 in minors for minor in minors)
        return
    assert all(isinstance(path, Path) and 1 <= len(path.hops) <= hops for path in paths)
    names = [entry.name for entry in build_matrix(paths).entries]
    assert len(set(names)) == len(names)
