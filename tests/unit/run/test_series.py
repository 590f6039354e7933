"""Several passes in a row: continued where they were interrupted, and ended in good order."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import click
import pytest

from tests.unit.gate.made import stock_pass
from upgrade_e2e.cli.click_options import given_values, pass_options
from upgrade_e2e.errors import BadInput, E2eError
from upgrade_e2e.options import OPTIONS, RUN_OPTIONS
from upgrade_e2e.report import load_record, save_record
from upgrade_e2e.run import series
from upgrade_e2e.run.series import PassSeries, option_words

ROOT = Path(__file__).parents[3]
# In place of `upgrade-e2e run`: it leaves a record, unless it is asked to be interrupted.
FAKE = """
import sys
from pathlib import Path
from tests.unit.gate.made import stock_pass
from upgrade_e2e.report import save_record
folder = Path(sys.argv[-1])
print("made", *sys.argv[1:])
if "--nothing" in sys.argv:
    sys.exit(4)
save_record(stock_pass(reason="new"), folder)
"""


@pytest.fixture
def walked(tmp_path, monkeypatch):
    """A function that walks a series and returns what was made and what came of it."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *sys.path]))

    def walk(times, *words):
        begun = []
        one = PassSeries(tmp_path, times, words, begun.append, (sys.executable, "-c", FAKE))
        return begun, list(one.walk())

    return walk


def test_each_pass_is_made_in_a_folder_of_its_own(walked, tmp_path):
    begun, passes = walked(2, "--workers=1")
    assert begun == [1, 2]
    assert [place.name for place, _ in passes] == ["01", "02"]
    assert [record.reason for _, record in passes] == ["new", "new"]
    said = (tmp_path / "01" / "output.txt").read_text()
    assert said == f"made --workers=1 --artifacts-dir {tmp_path / '01'}\n"


def test_a_pass_whose_record_is_there_is_not_made_again(walked, tmp_path):
    for name in ("01", "02"):
        (tmp_path / name).mkdir()
    save_record(stock_pass(reason="kept"), tmp_path / "01")
    save_record(stock_pass(reason="interrupted by SIGTERM"), tmp_path / "02")
    begun, passes = walked(3)
    assert begun == [2, 3]
    assert [record.reason for _, record in passes] == ["kept", "new", "new"]


def test_a_pass_without_a_record_ends_the_series_and_names_its_output(walked, tmp_path):
    with pytest.raises(E2eError, match=r"pass 1 left no record; .*01/output.txt"):
        walked(2, "--nothing")
    assert not (tmp_path / "02").exists()


@pytest.mark.parametrize("times", [0, -1])
def test_no_pass_is_no_series(tmp_path, times):
    with pytest.raises(BadInput, match="times is"):
        PassSeries(tmp_path, times, ())


class Stubborn:
    """A process whose wait is interrupted once."""

    def __init__(self):
        self.asked = []

    def wait(self, timeout):
        """Interrupted at first; then it has ended."""
        if not self.asked:
            raise KeyboardInterrupt
        self.asked.append("waited for")
        return 130

    def terminate(self):
        """Note it."""
        self.asked.append("terminated")


def test_an_interruption_ends_the_pass_in_good_order(tmp_path, monkeypatch):
    process = Stubborn()
    monkeypatch.setattr(series, "spawn", lambda argv, log_file: process)
    with pytest.raises(KeyboardInterrupt):
        list(PassSeries(tmp_path, 3, ()).walk())
    assert process.asked == ["terminated", "waited for"]
    assert not (tmp_path / "02").exists()


@pytest.mark.parametrize("option", [*OPTIONS, *RUN_OPTIONS], ids=lambda option: option.name)
def test_an_option_that_is_written_is_read_again(option):
    found = {}

    @click.command()
    @pass_options([option])
    def command(**choices):
        found.update(given_values(choices))

    value = {bool: True, int: 3, float: 1.5, Path: Path("a b")}.get(option.type, "a b")
    if option.choices:
        value = option.choices[-1]
    if option.argv:
        value = ("sh", "-c", "echo 'x y'")
    elif option.multiple:
        value = tuple(map(option.type, ("one", "two words")))
    command(option_words({option.name: value}), standalone_mode=False)
    assert found[option.name] == value


def test_what_was_not_given_is_not_written():
    assert option_words({"fault": (), "workers": None, "fast-control-plane": False}) == ()
    assert option_words({"workers": 0}) == ("--workers=0",)
    assert shlex.split(option_words({"drain-args": ("a", "b c")})[0])[0] == "--drain-args=a"


def test_records_of_the_series_are_records(walked, tmp_path):
    walked(1)
    assert load_record(tmp_path / "01").machine
