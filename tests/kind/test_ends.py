"""Killed, refused, not made: however a pass ends, nothing stays, or a sweep deletes it."""

from __future__ import annotations

import contextlib
import subprocess
import uuid
from collections.abc import Iterator

import psutil
import pytest

from tests.kind.conftest import NEW, OLD, TOOL, Tool, docker, orphans

pytestmark = pytest.mark.company

PATH = ("run", "--from", OLD, "--to", NEW, "--workers", "1", "--scenario", "upgrade_path")


def test_what_a_killed_run_leaves_is_swept(tool: Tool):
    before = orphans()
    process = tool.start(*PATH)
    tool.wait_for_output("> stage", within_s=300)
    killed = psutil.Process(process.pid)
    family = [killed, *killed.children(recursive=True)]
    for one in family:
        with contextlib.suppress(psutil.NoSuchProcess):  # its commands end on their own meanwhile
            one.kill()
    alive = psutil.wait_procs(family, timeout=60)[1]  # a busy machine takes its time to kill
    assert not alive
    assert orphans() - before, "the kill came too late to prove anything"
    swept = subprocess.run(
        [TOOL, "sweep"], check=False, capture_output=True, text=True, timeout=120
    )
    assert swept.returncode == 0, swept.stdout + swept.stderr
    assert "deleted kind-cluster" in swept.stdout
    assert orphans() <= before


def test_an_image_that_does_not_exist_is_refused_before_anything_is_made(tool: Tool):
    before = orphans()
    ran = tool.run(*PATH, "--image-for", f"{NEW}=localhost/no-such-image:1", within_s=120)
    assert ran.code == 2, ran.output
    assert "no-such-image" in ran.output
    assert orphans() <= before


def test_a_cluster_to_reuse_that_is_not_there_is_refused(tool: Tool):
    before = orphans()
    ran = tool.run(*PATH, "--reuse-cluster", "no-such-cluster", within_s=120)
    assert ran.code == 2, ran.output
    assert "no-such-cluster" in ran.output
    assert {scenario["verdict"] for scenario in ran.record()["scenarios"]} == {"INCONCLUSIVE"}
    assert orphans() <= before


@pytest.fixture
def dead_image() -> Iterator[str]:
    """A node image whose container ends as soon as it is started."""
    name = f"localhost/dead-node:{uuid.uuid4().hex[:8]}"
    container = docker("create", f"kindest/node:{OLD}")
    docker("commit", "--change", 'ENTRYPOINT ["/bin/false"]', container, name)
    docker("rm", container)
    yield name
    docker("rmi", name)


def test_nodes_that_do_not_come_up_are_exit_code_4(tool: Tool, dead_image: str):
    before = orphans()
    ran = tool.run(*PATH, "--image-for", f"{OLD}={dead_image}", within_s=300)
    assert ran.code == 4, ran.output
    assert "kind create cluster" in ran.record()["reason"]
    assert {scenario["verdict"] for scenario in ran.record()["scenarios"]} == {"INCONCLUSIVE"}
    assert orphans() <= before
