"""Following a program's output while it runs, against real programs."""

from __future__ import annotations

import sys
import threading

import psutil
import pytest

from upgrade_e2e.command import Runner, follow
from upgrade_e2e.errors import CommandFailed, Hopeless


def ends_soon(pid: int) -> bool:
    """Whether a process that was killed is gone; the kernel may take a moment."""
    try:
        _, alive = psutil.wait_procs([psutil.Process(pid)], timeout=10)
    except psutil.NoSuchProcess:
        return True
    return all(process.status() == psutil.STATUS_ZOMBIE for process in alive)


def test_lines_come_while_the_program_still_runs():
    go_on = threading.Event()
    lines = []

    def on_line(line):
        lines.append(line)
        go_on.set()

    script = "print('first', flush=True); input(); print('second')"
    # The program reads stdin, which is empty: it ends by EOFError, after the first line.
    with pytest.raises(CommandFailed, match="EOFError"):
        follow([sys.executable, "-c", script], on_line=on_line, timeout_s=30)
    assert go_on.is_set()
    assert lines[0] == "first"


def test_both_outputs_are_followed_in_order_and_returned():
    lines = []
    script = (
        "import sys\n"
        "for n in range(200):\n"
        "    print(n, file=(sys.stdout, sys.stderr)[n % 2], flush=True)\n"
    )
    done = follow([sys.executable, "-c", script], on_line=lines.append, timeout_s=30)
    assert lines == [str(number) for number in range(200)]
    assert done.stdout.split() == lines
    assert done.returncode == 0


def test_a_last_line_without_an_end_is_not_lost():
    lines = []
    follow(["printf", "one\\ntwo"], on_line=lines.append, timeout_s=30)
    assert lines == ["one", "two"]


def test_bytes_that_are_no_text_do_not_end_it():
    lines = []
    follow(["printf", "a\\377b\\n"], on_line=lines.append, timeout_s=30)
    assert lines == ["a\ufffdb"]


def test_a_failure_tells_code_and_output():
    with pytest.raises(CommandFailed, match="why") as caught:
        follow(["sh", "-c", "echo why; exit 3"], on_line=lambda _: None, timeout_s=30)
    assert caught.value.returncode == 3


def test_a_timeout_kills_the_group_and_keeps_what_was_said():
    script = "sleep 1000 & echo $!; wait"
    for timeout_s in (0.3, 3.0, 30.0):  # the shell may need its time to say something
        with pytest.raises(CommandFailed, match="did not end within") as caught:
            follow(["sh", "-c", script], on_line=lambda _: None, timeout_s=timeout_s)
        if caught.value.output:
            break
    assert caught.value.returncode is None
    child = int(caught.value.output.split()[0])
    assert ends_soon(child)


def test_a_program_that_closes_its_output_is_still_timed_out():
    script = "exec >&- 2>&-; sleep 1000"
    with pytest.raises(CommandFailed, match="did not end within"):
        follow(["sh", "-c", script], on_line=lambda _: None, timeout_s=0.2)


def test_an_error_of_the_reader_ends_the_program():
    seen = []

    def fail(line):
        seen.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow(["sh", "-c", "echo $$; sleep 1000"], on_line=fail, timeout_s=30)
    assert ends_soon(seen[0])


def test_a_runner_follows_behind_its_prefix():
    lines = []
    runner = Runner(prefix=("env", "WORD=said"))
    runner.follow("sh", "-c", "echo $WORD", on_line=lines.append, timeout_s=30)
    assert lines == ["said"]


def test_on_a_terminal_each_new_state_of_a_line_is_a_line():
    script = "[ -t 1 ] && [ -t 2 ] && printf 'a: 1/2\\r\\033[1A\\033[2Ka: 2/2\\033[1B\\nend\\n'"
    lines = []
    done = follow(["sh", "-c", script], on_line=lines.append, timeout_s=30, terminal=True)
    assert lines == ["a: 1/2", "a: 2/2", "end"]
    assert done.stdout.splitlines() == lines


def test_without_a_terminal_the_program_has_none():
    with pytest.raises(CommandFailed):
        follow(["sh", "-c", "[ -t 1 ]"], on_line=lambda _: None, timeout_s=30)


@pytest.mark.parametrize("terminal", [True, False])
def test_one_that_is_to_stop_is_killed_with_all_that_it_started(terminal):
    stopped, seen = threading.Event(), []

    def stop(line):
        seen.append(int(line))
        stopped.set()

    with pytest.raises(Hopeless, match="was stopped"):
        follow(
            ["sh", "-c", "sleep 1000 & echo $!; wait"],
            on_line=stop,
            timeout_s=30,
            terminal=terminal,
            stopped=stopped,
        )
    assert ends_soon(seen[0])
