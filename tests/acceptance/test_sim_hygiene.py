"""A simulator leaves nothing behind, binds loopback only, and says clearly what it cannot do."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.unit.sim.cluster import VERSION, processes_of, simulator
from upgrade_e2e.cluster import Api
from upgrade_e2e.errors import BadInput, E2eError
from upgrade_e2e.providers.sim import SimSettings
from upgrade_e2e.providers.sim.control import READY_FILE, ControlClient, SimulatorGone
from upgrade_e2e.providers.sim.starting import start_simulator
from upgrade_e2e.wait import Deadline, wait_for

TOOL = str(Path(sys.executable).with_name("upgrade-e2e"))
OWNER = """
import sys, time
from pathlib import Path
from upgrade_e2e.providers.sim import SimSettings
from upgrade_e2e.providers.sim.starting import start_simulator
from upgrade_e2e.version import KubeVersion
start_simulator(SimSettings(workdir=Path(sys.argv[1]), workers=1), KubeVersion.parse("v1.33.13"))
print("up", flush=True)
time.sleep(600)
"""


def wait_until_gone(folder):
    wait_for(
        "all processes of the simulator to end",
        lambda: processes_of(folder),
        lambda found: not found,
        Deadline(15, 0.1),
    )


def wait_for_pods(folder, count):
    wait_for(
        "the simulator and its pods to run",
        lambda: len(processes_of(folder)),
        lambda seen: seen >= count,
        Deadline(30, 0.1),
    )


def test_nothing_is_left_after_a_normal_end(tmp_path):
    with simulator(tmp_path, workers=1):
        wait_for_pods(tmp_path, 4)
    assert processes_of(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_all_pods_die_with_the_simulator(tmp_path, number):
    with simulator(tmp_path, workers=1) as (running, _):
        wait_for_pods(tmp_path, 4)
        running.process.send_signal(number)
        running.process.wait(15)
        wait_until_gone(tmp_path)


def test_all_pods_die_with_the_launcher(tmp_path):
    with simulator(tmp_path, workers=1) as (running, _):
        wait_for_pods(tmp_path, 4)
        launcher, *_ = psutil.Process(running.process.pid).children()
        pods = launcher.children()
        assert pods
        launcher.kill()
        psutil.wait_procs(pods, timeout=10)
        assert not any(pod.is_running() and pod.status() != "zombie" for pod in pods)


def test_the_simulator_dies_with_its_killed_owner(tmp_path):
    argv = [sys.executable, "-c", OWNER, str(tmp_path)]
    owner = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert owner.stdout.readline() == "up\n"
    wait_for_pods(tmp_path, 4)
    owner.kill()
    owner.wait(10)
    owner.stdout.close()
    wait_until_gone(tmp_path)


def test_only_loopback_addresses_are_bound(tmp_path):
    with simulator(tmp_path, workers=1):
        wait_for_pods(tmp_path, 4)
        bound = {
            connection.laddr.ip
            for pid in processes_of(tmp_path)
            for connection in psutil.Process(pid).net_connections("inet")
        }
        assert bound
        assert all(address.startswith("127.") for address in bound), bound


def test_two_simulators_do_not_meet(tmp_path):
    with (
        simulator(tmp_path / "a", workers=1) as (_, one),
        simulator(tmp_path / "b", workers=1) as (_, other),
    ):
        addresses = [
            node["status"]["addresses"][0]["address"]
            for api in (one, other)
            for node in api.get_json("/api/v1/nodes")["items"]
        ]
        assert len(set(addresses)) == 4


def test_a_port_in_use_is_a_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        with pytest.raises(E2eError, match=f"port {port} of 127.0.0.1 is already in use"):
            start_simulator(SimSettings(workdir=tmp_path, port=port), VERSION)
    assert processes_of(tmp_path) == []


def test_a_folder_in_use_is_a_sentence(tmp_path):
    with simulator(tmp_path, workers=1) as (running, _):
        argv = [sys.executable, "-m", "upgrade_e2e_simulator", f"--folder={running.folder}"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2
        assert "already runs in" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--workers=0"], "one worker at least"),
        (["--version=new"], "not a Kubernetes version"),
        (["--set=kubelet.gps=1"], "no parameter 'kubelet.gps'"),
        (["--set=kubelet.qps=fast"], "no value for kubelet.qps"),
        (["--workers=5000"], "nodes, not 5001"),
    ],
)
def test_options_that_cannot_be_are_refused(tmp_path, words, told):
    argv = [sys.executable, "-m", "upgrade_e2e_simulator", f"--folder={tmp_path}", *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_simulator_that_was_killed_is_told_as_such(tmp_path):
    with simulator(tmp_path, workers=1) as (running, _):
        running.process.kill()
        running.process.wait(10)
        with pytest.raises(SimulatorGone, match="it has ended"):
            running.control.ask("hello")


def test_a_folder_without_a_simulator_is_told_as_such(tmp_path):
    with pytest.raises(SimulatorGone):
        ControlClient(tmp_path).ask("hello")


def test_a_control_request_that_makes_no_sense_is_refused(tmp_path):
    with simulator(tmp_path, workers=1) as (running, _):
        with pytest.raises(E2eError, match="KeyError"):
            running.control.ask("dance")
        with pytest.raises(E2eError, match="no parameter"):
            running.control.ask("set", parameter="nothing.at_all", value=1)
        assert running.control.ask("hello") == "hello"


def test_a_kept_simulator_outlives_its_owner(tmp_path):
    with simulator(tmp_path, workers=1) as (running, _):
        assert running.control.ask("disown") == "disowned"
        assert (running.folder / READY_FILE).is_file()
        time.sleep(0.2)
        assert running.process.poll() is None


def test_more_than_one_control_plane_is_refused():
    with pytest.raises(BadInput, match="one control plane"):
        SimSettings(workdir=Path(), control_planes=3)


def test_files_are_the_owners_alone(tmp_path):
    with simulator(tmp_path, workers=1) as (running, _):
        for name in ("kubeconfig", "apiserver.key", "control.sock"):
            assert (running.folder / name).stat().st_mode & 0o077 == 0, name


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_told_to_end(tmp_path, number):
    folder = tmp_path / "mine"
    argv = [TOOL, "simulator", f"--folder={folder}", "--workers=1", "--version=v1.34.4"]
    with subprocess.Popen(
        argv, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as command:
        assert "is up" in command.stdout.readline()
        assert command.stdout.readline() == f"  export KUBECONFIG={folder / 'kubeconfig'}\n"
        api = Api.from_kubeconfig(folder / "kubeconfig")
        assert api.get_json("/version")["gitVersion"] == "v1.34.4"
        wait_for_pods(folder, 3)
        command.send_signal(number)
        _, said = command.communicate(timeout=30)
    assert command.returncode == 0, said
    assert "Traceback" not in said
    wait_until_gone(folder)


def test_the_command_lists_its_options(tmp_path):
    done = subprocess.run(
        [TOOL, "simulator", "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    assert "--set PARAMETER=VALUE" in done.stdout
