"""Pairs of objects that a user names: what is read, and what is refused with a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers import read_guard_pairs

FORBIDDEN = """\
apiVersion: v1
kind: Pod
metadata: {name: latest}
spec: {containers: [{name: a, image: "a:latest"}]}
"""
ALLOWED = FORBIDDEN.replace(":latest", ":1.2")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    forbidden, allowed = tmp_path / "Deny latest.yaml", tmp_path / "allowed.yaml"
    forbidden.write_text(FORBIDDEN)
    allowed.write_text(f"---\n{ALLOWED}")
    return forbidden, allowed


def test_a_pair_is_two_manifests_and_the_policys_words(files: tuple[Path, Path]) -> None:
    (pair,) = read_guard_pairs([files[0]], [files[1]], ["must have a tag"])
    assert (pair.name, pair.policy, pair.words) == (
        "deny-latest",
        "the policy that forbids Deny latest.yaml",
        "must have a tag",
    )
    images = [
        json.loads(manifest)["spec"]["containers"][0]["image"]
        for manifest in (pair.forbidden, pair.allowed)
    ]
    assert images == ["a:latest", "a:1.2"]
    assert hash(pair)


def test_pairs_belong_together_by_their_order_and_have_names_of_their_own(
    files: tuple[Path, Path],
) -> None:
    forbidden, allowed = files
    pairs = read_guard_pairs([forbidden, forbidden], [allowed, allowed], ["one", "two"])
    assert [(pair.name, pair.words) for pair in pairs] == [
        ("deny-latest", "one"),
        ("deny-latest-2", "two"),
    ]


def test_nothing_named_is_no_pair() -> None:
    assert read_guard_pairs((), (), ()) == ()


def test_a_pair_takes_all_three(files: tuple[Path, Path]) -> None:
    with pytest.raises(BadInput, match=r"1, 1 and 0 are given\. Add what is missing"):
        read_guard_pairs([files[0]], [files[1]], [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("a: [", "cannot be read"),
        ("", "is no manifest of one object"),
        ("- a", "is no manifest of one object"),
        (f"{FORBIDDEN}---\n{ALLOWED}", "is no manifest of one object"),
        (FORBIDDEN.replace("kind: Pod\n", ""), "is no manifest of one object"),
        (FORBIDDEN.replace("name: latest", "generateName: a"), "is no manifest of one object"),
        (ALLOWED, "are the same object"),
    ],
)
def test_a_file_that_cannot_be_the_forbidden_object_is_refused(
    files: tuple[Path, Path], text: str | None, said: str
) -> None:
    forbidden, allowed = files
    if text is None:
        forbidden.unlink()
    else:
        forbidden.write_text(text)
    with pytest.raises(BadInput, match=said):
        read_guard_pairs([forbidden], [allowed], ["words"])


def test_empty_words_would_take_any_refusal_for_the_policys(files: tuple[Path, Path]) -> None:
    with pytest.raises(BadInput, match="are empty"):
        read_guard_pairs([files[0]], [files[1]], [" "])
