"""Signals end a run in good order, whichever process they reach; SIGKILL leaves nothing either."""

from __future__ import annotations

import os
import signal

import pytest

from tests.acceptance.running import (
    Run,
    ignore_interrupts,
    processes_in,
    wait_until_gone,
)

pytestmark = pytest.mark.quiet

PATHS = ("--path", "v1.33.13,v1.34.4", "--path", "v1.34.4,v1.35.4", "-n", "2")
FOLDERS = ("v1.33.13-v1.34.4", "v1.34.4-v1.35.4")
END_WITHIN_S = 120
KILLED_BOUND_S = 10.0
"""What docs/cli.md promises on a quiet machine; tests allow twice as much."""


def send_as_timeout_does(process):
    """GNU timeout signals the process and, when that has not ended it, its whole group."""
    process.send_signal(signal.SIGINT)
    os.killpg(process.pid, signal.SIGINT)


SENT = {
    "SIGINT": (
        lambda process: process.send_signal(signal.SIGINT),
        "watch-before",
        ignore_interrupts,
    ),
    "SIGTERM": (lambda process: process.send_signal(signal.SIGTERM), "create", None),
    "SIGINT twice": (send_as_timeout_does, "watch-before", None),
}
"""How a signal is sent, in which step, and what the process does before it begins."""


@pytest.mark.parametrize("sent", SENT)
def test_a_signal_ends_a_pass_in_good_order(tmp_path, sent):
    send, step, at_start = SENT[sent]
    run = Run(tmp_path)
    with run.started(preexec_fn=at_start) as process:
        run.wait_for(f"> {step}\n", process)
        send(process)
        assert process.wait(END_WITHIN_S) == 130, run.output()
        assert processes_in(tmp_path) == []
    require_interrupted(run.record(), sent.partition(" ")[0])


def test_an_interrupt_of_the_controlling_process_alone_ends_its_workers(tmp_path):
    run = Run(tmp_path)
    with run.started(*PATHS) as process:
        wait_for_both(run, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(END_WITHIN_S) == 130, run.output()
        wait_until_gone(tmp_path, within_s=2 * KILLED_BOUND_S)
    for folder in FOLDERS:
        require_interrupted(run.record(folder), "SIGTERM")
    assert "INCONCLUSIVE" in (tmp_path / "artifacts" / "summary.md").read_text()


@pytest.mark.parametrize("words", [(), PATHS], ids=["one process", "with workers"])
def test_what_a_killed_run_started_ends_by_itself(tmp_path, words):
    run = Run(tmp_path)
    with run.started(*words) as process:
        if words:
            wait_for_both(run, process)
        else:
            run.wait_for("> watch-before\n", process)
        assert len(processes_in(tmp_path)) > 3
        process.kill()
        process.wait(END_WITHIN_S)
        took_s = wait_until_gone(tmp_path, within_s=2 * KILLED_BOUND_S)
    print(f"gone {took_s:.1f} s after the end of the killed process, of {KILLED_BOUND_S:g} s")
    assert "nothing is left" in run.sweep()
    assert not (tmp_path / "artifacts" / "run.json").exists()


def wait_for_both(run, process):
    """Both paths are watched."""
    for folder in FOLDERS:
        run.wait_for(f"{folder}: > watch-before\n", process)


def require_interrupted(record, signal_name):
    """The record says why nothing could be judged, and names no scenario that holds."""
    assert record["verdict"] == "INCONCLUSIVE"
    assert f"interrupted by {signal_name}" in record["reason"]
    assert {scenario["verdict"] for scenario in record["scenarios"]} == {"INCONCLUSIVE"}
