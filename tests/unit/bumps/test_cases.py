"""Changes of versions as people write them come out right, and ordinary changes come to nothing."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.changes import shortened
from tests.unit.bumps.asked import asked, said, walked
from upgrade_e2e.bumps import decode_diff
from upgrade_e2e.errors import BadInput

DATA = Path(__file__).parents[2] / "data" / "bumps"
TABLE = tomllib.loads((DATA / "cases.toml").read_text(encoding="utf-8"))
ORDINARY = sorted((DATA / "ordinary").glob("*.diff"))
NAMED = ("*.tf", "*.tfvars", "*.yaml", "*.yml")
MOST_UNKNOWN = 3

# Cases next to the checkout, on machines that have them.
SHARED = Path(__file__).parents[4] / "shared" / "cases" / "bumps"


def read(file):
    """A diff in a file, as the command reads it."""
    return decode_diff(file.read_bytes(), file.name)


@pytest.mark.parametrize("name", TABLE["cases"])
def test_a_change_with_whole_files_comes_out_right(name):
    case = TABLE["cases"][name]
    diff = read(DATA / "cases" / f"{name}.diff")
    answer = asked(diff, case.get("known", TABLE["known"]), keys=case.get("keys", ()))
    assert walked(answer) == case["right"].split()
    assert len(answer.unknown) == case.get("unknown", 0), said(answer.unknown)


@pytest.mark.parametrize("name", TABLE["cases"])
def test_with_three_lines_of_context_no_change_goes_unseen(name):
    case = TABLE["cases"][name]
    diff = shortened(read(DATA / "cases" / f"{name}.diff"))
    answer = asked(diff, case.get("known", TABLE["known"]), keys=case.get("keys", ()))
    right = case["right"].split()
    assert walked(answer) == right or (right and not answer.paths and answer.unknown)


def test_every_file_is_a_case():
    assert {file.stem for file in (DATA / "cases").glob("*.diff")} == set(TABLE["cases"])
    assert len(ORDINARY) >= 30


@pytest.mark.parametrize("shorten", [str, shortened], ids=["whole", "short"])
@pytest.mark.parametrize("named", [(), NAMED], ids=["any", "named"])
def test_ordinary_changes_walk_nothing_and_hardly_ask_anything(shorten, named):
    answers = [asked(shorten(read(file)), named=named) for file in ORDINARY]
    assert [walked(answer) for answer in answers] == [[]] * len(ORDINARY)
    unknown = [finding for answer in answers for finding in answer.unknown]
    assert len(unknown) <= MOST_UNKNOWN, said(unknown)


def shared_files():
    """Each diff next to the checkout, with the right answer of its row in the table there."""
    rows = re.findall(
        r"^\| ([de]\d\d\S*) \| (.+) \|$", (SHARED / "README.md").read_text(), re.MULTILINE
    )
    right = dict(rows)
    files = sorted(SHARED.glob("*/*.diff"))
    return [
        pytest.param(file, right[file.parent.name], id=f"{file.parent.name}-{file.stem}")
        for file in files
    ]


if SHARED.is_dir():

    @pytest.mark.parametrize(("file", "right"), shared_files())
    def test_a_case_next_to_the_checkout_comes_out_right(file, right):
        keys = re.findall(r"--key (\S+)", right)
        if right == "refusal":
            with pytest.raises(BadInput, match="colour"):
                asked(read(file), keys=keys)
            return
        answer = asked(read(file), keys=keys)
        wanted = re.findall(r"v1[\d.,v]+\d", right)
        if "named" in right:  # one file of two goes down
            wanted = ["v1.33.5,v1.34.3"]
            assert "a.tfvars" in said(answer.unknown)
        if file.stem == "short" and wanted and not answer.paths:
            assert answer.unknown
        else:
            assert walked(answer) == wanted
