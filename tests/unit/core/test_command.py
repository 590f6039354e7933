"""The subprocess door, against real programs."""

from __future__ import annotations

import sys

import psutil
import pytest

from upgrade_e2e.command import Runner, run, spawn
from upgrade_e2e.errors import CommandFailed
from upgrade_e2e.wait import Deadline, wait_for


def test_output_and_code():
    done = run(
        [sys.executable, "-c", "print('out'); import sys; print('err', file=sys.stderr)"],
        timeout_s=30,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 0)


def test_a_failure_shows_command_code_and_output():
    with pytest.raises(CommandFailed) as caught:
        run(["sh", "-c", "echo why; exit 3"], timeout_s=30)
    assert caught.value.returncode == 3
    assert str(caught.value) == "command exited with 3: sh -c 'echo why; exit 3'\nwhy"


def test_a_failure_can_be_asked_for():
    assert run(["false"], timeout_s=30, check=False).returncode == 1


def test_a_timeout_kills_the_whole_group():
    for timeout_s in (0.3, 3.0, 30.0):  # the shell may need its time to say something
        with pytest.raises(CommandFailed, match="did not end within") as caught:
            run(["sh", "-c", "sleep 1000 & echo $!; wait"], timeout_s=timeout_s)
        if caught.value.output:
            break
    assert caught.value.returncode is None
    child = int(caught.value.output.split()[0])
    # The orphan is dead at once, but its new parent may take a moment to bury it.
    wait_for("the end of the child", lambda: is_alive(child), lambda alive: not alive, Deadline(30))


def is_alive(pid):
    """Whether a process runs; one that waits to be buried does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_missing_program_is_a_failure_with_its_name():
    with pytest.raises(CommandFailed, match="no-such-program"):
        run(["no-such-program"], timeout_s=1)


def test_stdin_files_and_environment(tmp_path):
    source, sink = tmp_path / "in", tmp_path / "out"
    source.write_text("from a file")
    run(["cat"], timeout_s=30, stdin_file=source, stdout_file=sink)
    assert sink.read_text() == "from a file"
    assert run(["cat"], timeout_s=30, stdin="text").stdout == "text"
    assert run(["sh", "-c", "echo $COLOUR"], timeout_s=30, env={"COLOUR": "red"}).stdout == "red\n"


def test_a_runner_puts_its_prefix_in_front():
    assert (
        Runner(("env", "A=1"), (("B", "2"),)).run("sh", "-c", "echo $A$B", timeout_s=9).stdout
        == "12\n"
    )


def test_a_runner_may_work_in_another_folder(tmp_path):
    assert Runner().run("pwd", timeout_s=10, cwd=tmp_path).stdout.strip() == str(tmp_path)


def test_a_spawned_program_logs(tmp_path):
    log = tmp_path / "log"
    process = spawn(["sh", "-c", "echo started"], log_file=log)
    assert process.wait(timeout=30) == 0
    assert log.read_text() == "started\n"
