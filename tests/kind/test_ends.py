"""However a pass ends, nothing stays: Ctrl-C, SIGTERM, kill -9, an image that does not exist."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import psutil
import pytest

from tests.kind.conftest import NEW, OLD, TOOL, Tool, orphans

pytestmark = pytest.mark.company

PATH = ("run", "--from", OLD, "--to", NEW, "--workers", "1", "--scenario", "upgrade_path")


@pytest.mark.parametrize(
    ("number", "moment"), [(signal.SIGTERM, "> create"), (signal.SIGINT, "> kubeadm-apply")]
)
def test_a_signal_ends_it_and_cleans_up(tool: Tool, number, moment):
    before = orphans()
    process = tool.start(*PATH)
    tool.wait_for_output(moment, within_s=300)
    time.sleep(3)
    # A terminal's Ctrl-C reaches the whole foreground group, kill only the process.
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    assert process.wait(timeout=120) == 130, tool.output()
    assert orphans() <= before


def test_what_a_killed_run_leaves_is_swept(tool: Tool):
    before = orphans()
    process = tool.start(*PATH)
    tool.wait_for_output("> stage", within_s=300)
    family = [process.pid, *(c.pid for c in psutil.Process(process.pid).children(recursive=True))]
    for pid in family:
        os.kill(pid, signal.SIGKILL)
    process.wait(timeout=30)
    assert orphans() - before, "the kill came too late to prove anything"
    swept = subprocess.run(
        [TOOL, "sweep"], check=False, capture_output=True, text=True, timeout=120
    )
    assert swept.returncode == 0, swept.stdout + swept.stderr
    assert "deleted kind-cluster" in swept.stdout
    assert orphans() <= before


def test_an_image_that_does_not_exist_is_refused_before_anything_is_made(tool: Tool):
    before = orphans()
    ran = tool.run(
        *PATH[:5], "--image-for", f"{NEW}=localhost/no-such-image:1", within_s=120
    )  # fmt: skip
    assert ran.code == 2, ran.output
    assert "no-such-image" in ran.output
    assert orphans() <= before


def test_nodes_that_do_not_come_up_are_exit_code_4(tool: Tool):
    before = orphans()
    ran = tool.run(
        "run", "--from", OLD, "--to", NEW, "--reuse-cluster", "no-such-cluster", within_s=120
    )  # fmt: skip
    assert ran.code in {2, 4}, ran.output
    assert "no-such-cluster" in ran.output
    assert orphans() <= before
