"""A simulator whose start is interrupted leaves no process."""

from __future__ import annotations

import subprocess

import pytest

from upgrade_e2e.errors import E2eError
from upgrade_e2e.providers.sim import SimSettings, starting
from upgrade_e2e.version import KubeVersion


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_start_ends_the_process(tmp_path, monkeypatch, error):
    begun: list[subprocess.Popen[bytes]] = []

    def interrupted(*_, hopeless, **__):
        assert hopeless(None) is None
        raise error

    def spawn(argv, **_):
        begun.append(subprocess.Popen(["sleep", "60"]))
        return begun[0]

    monkeypatch.setattr(starting, "wait_for", interrupted)
    monkeypatch.setattr(starting, "spawn", spawn)
    with pytest.raises(error):
        starting.start_simulator(SimSettings(workdir=tmp_path), KubeVersion.parse("v1.33.13"))
    assert begun[0].returncode is not None


def test_a_simulator_that_is_not_installed_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(starting, "find_spec", lambda _: None)
    with pytest.raises(E2eError, match="upgrade_e2e_simulator is not installed; install"):
        starting.start_simulator(SimSettings(workdir=tmp_path), KubeVersion.parse("v1.33.13"))
