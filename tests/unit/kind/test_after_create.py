"""The user's command after the creation of the nodes, run for real."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from upgrade_e2e.command import Runner
from upgrade_e2e.errors import BadInput, ClusterNotMade
from upgrade_e2e.providers.kind.after_create import described, require_program, run_after_create
from upgrade_e2e.providers.kind.journal import Journal


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in a folder of its own; returns what the journal kept."""
    monkeypatch.chdir(tmp_path)
    journal = Journal(tmp_path / "work" / "steps")

    def ran(*command, timeout_s=60.0):
        run_after_create(
            Runner(env=(("OF_THE_HOST", "yes"),)),
            command,
            cluster="dev",
            kubeconfig=Path("work/kubeconfig"),
            journal=journal,
            timeout_s=timeout_s,
        )
        return (journal.folder / "after-create.log").read_text()

    return ran


def test_it_is_run_where_the_user_is_with_the_kubeconfig_of_the_pass(run, tmp_path):
    said = run("sh", "-c", "pwd; echo $KUBECONFIG $UPGRADE_E2E_CLUSTER $OF_THE_HOST; echo x >&2")
    assert f"{tmp_path}\n" in said
    assert f"{tmp_path}/work/kubeconfig dev yes\n" in said
    assert said.endswith("x\n")


def test_it_is_no_shell(run):
    assert "a | b $HOME;" in run("echo", "a | b", "$HOME;")


def test_a_failure_names_the_command_its_code_and_its_last_lines(run):
    many = "for i in $(seq 100); do echo line-$i; done; echo cannot reach >&2; exit 3"
    with pytest.raises(ClusterNotMade) as caught:
        run("sh", "-c", many)
    message = str(caught.value)
    assert "exited with 3: sh -c" in message
    assert "line-100\ncannot reach\n" in message
    assert "line-50\n" not in message
    assert "after-create.log" in message


def test_a_program_that_is_not_there_is_a_failure(run):
    with pytest.raises(ClusterNotMade, match=r"no-such-program\ncannot be started"):
        run("no-such-program")


def test_a_program_that_is_not_there_is_refused_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "install.sh"
    script.write_text("#!/bin/sh\n")
    with pytest.raises(BadInput, match=r"cannot start '\./install\.sh'.*chmod \+x"):
        require_program(("./install.sh", "now"))
    script.chmod(0o755)
    require_program(("./install.sh", "now"))
    require_program(("sh", "-c", "true"))
    require_program(())


def test_a_command_that_does_not_end_is_ended(run):
    with pytest.raises(ClusterNotMade, match=r"did not end within the 1 s(.|\n)*begun"):
        run("sh", "-c", "echo begun; sleep 600", timeout_s=1.0)


@pytest.fixture
def interruptible():
    """SIGINT interrupts, also where pytest runs as a shell's background job, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_ends_the_command(run, tmp_path):
    begun = tmp_path / "begun"

    def interrupt() -> None:
        while not (begun.exists() and begun.read_text()):
            time.sleep(0.02)
        os.kill(os.getpid(), 2)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        run("sh", "-c", f"echo $$ > {begun}; sleep 600")
    interrupting.join()
    assert not psutil.pid_exists(int(begun.read_text()))


def test_it_is_shown_with_a_digest_of_each_file_that_it_names(tmp_path):
    (tmp_path / "cni.yaml").write_text("a: 1")
    shown = described(("kubectl", "apply", "-f", "cni.yaml", "-n", "a b"), tmp_path)
    assert shown.startswith("kubectl apply -f cni.yaml -n 'a b' (sha256 of cni.yaml: ")
    (tmp_path / "cni.yaml").write_text("a: 2")
    assert described(("kubectl", "apply", "-f", "cni.yaml", "-n", "a b"), tmp_path) != shown
    assert described((sys.executable, "-V"), tmp_path).startswith(f"{sys.executable} -V (")
    assert described(("kubectl", "apply"), tmp_path) == "kubectl apply"
