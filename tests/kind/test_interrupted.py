"""Ctrl-C and SIGTERM end a pass in whatever step it is, and nothing stays."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.kind.conftest import NEW, OLD, Tool, orphans

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
