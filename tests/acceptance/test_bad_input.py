"""What cannot work is refused before anything is created, with a sentence and exit code 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = str(Path(sys.executable).with_name("upgrade-e2e"))
SCENARIO = """
import pytest

@pytest.mark.observes()
def test_claim(upgraded):
    assert upgraded
"""


def tool(*words, cwd):
    """Run the installed command."""
    return subprocess.run(
        [TOOL, *words], cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "v1.33.13", "--to", "v1.35.4"), "v1.33.13 -> v1.34 -> v1.35.4"),
        (("--from", "v1.34.4", "--to", "v1.33.13"), "is a downgrade"),
        (("--from", "v1.34.4"), "go together"),
        (("--from", "new", "--to", "newer"), "not a Kubernetes version"),
        (("--provider", "vm"), "'vm' is not one of"),
        (("--control-planes", "3", "--provider", "sim"), "one control plane"),
        (("--path", "v1.33.13"), "two versions"),
        (("--path", "v1.34.4,v1.34.4"), "changes no version"),
        (("--from", "v1.33.13", "--to", "v1.34.4", "--control-planes", "2"), "use 1 or 3"),
        (("--provider", "sim", "--workers", "0"), "one worker"),
        (("--from", "v1.33.13", "--to", "v1.34.4", "--workers", "-1"), "use 0 or more"),
        (("--from", "v1.33.13", "--to", "v1.34.4", "--node-image", "x:1"), "{version}"),
        (("--from", "v1.33.13", "--to", "v1.34.4", "--image-for", "v1.34.4"), "names no image"),
        (("--from", "v1.33.13", "--to", "v1.34.4", "--fault", "gremlins"), "gremlins"),
        (("--provider", "sim", "--fault", "coredns-replicas=1@nonsense"), "no step 'nonsense'"),
        (("--provider", "sim", "--fault", "coredns-replicas=abc"), "give a number"),
        (("--provider", "sim", "--fault", "no-prestop@drain"), "without `@drain`"),
        (("--provider", "sim", "--fault", "no-prestop=3"), "has no value"),
        (("--provider", "sim", "--drain-timeout", "900"), "--drain-timeout: its nodes are drained"),
        (
            ("--provider", "sim", "--upgrade-config", "x"),
            "--upgrade-config: it is upgraded without",
        ),
        (("--upgrade-config", "x", "--from", "v1.33.13", "--to", "v1.34.4"), "x cannot be read"),
        (("--provider", "kind", "--drain-timeout", "nan"), "seconds from 1 to 86400"),
        (("--provider", "kind", "--step-timeout", "0"), "--step-timeout is 0; write seconds"),
        (("--provider", "kind", "--drain-args", "dev-worker"), "kubectl reads as a node"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "run"])
def test_nonsense_is_exit_code_2_with_a_sentence(tmp_path, command, words, told):
    done = tool(command, *words, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "artifacts" / "run.json").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[dns]\np99 = 1", "p99"),
        ("[dns]\np99_s = -1", "zero or more"),
        ("[dns]\np99_s = nan", "finite"),
        ("not toml", "cannot be read"),
    ],
)
def test_a_limits_file_that_makes_no_sense(tmp_path, content, told):
    (tmp_path / "limits.toml").write_text(content)
    words = ("run", "--from", "v1.33.13", "--to", "v1.34.4", "--limits", "limits.toml")
    done = tool(*words, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in done.stdout + done.stderr


def test_a_fault_that_changes_nothing_is_refused(tmp_path):
    words = ("--provider", "sim", "--fault", "no-prestop", "--scenario", "dns_latency")
    done = tool("run", *words, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "no-prestop changes nothing" in done.stdout + done.stderr
    assert not list(tmp_path.glob("artifacts/work/*"))


def test_an_unknown_scenario_names_the_known_ones(tmp_path):
    done = tool("run", "--from", "v1.33.13", "--to", "v1.34.4", "-s", "nope", cwd=tmp_path)
    assert done.returncode == 2
    assert "dns_latency" in done.stderr


def test_an_unknown_key_in_the_configuration(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.upgrade-e2e]\nnode-images = 'x'\n")
    done = tool("plan", "--from", "v1.33.13", "--to", "v1.34.4", cwd=tmp_path)
    assert done.returncode == 2
    assert "node-images" in done.stderr


def test_the_plan_of_a_legal_path_names_every_step_and_touches_nothing(tmp_path):
    words = ("--provider", "kind", "--path", "v1.33.13,v1.34.4,v1.35.4", "--workers", "1")
    done = tool("plan", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for step in ("create", "stage", "kubeadm-apply control-plane", "drain worker", "verify"):
        assert step in done.stdout
    assert done.stdout.count("drain worker") >= 2
    assert list(tmp_path.iterdir()) == []


def test_pytest_says_what_a_scenario_lacks(pytester):
    pytester.makepyfile(SCENARIO)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines_random(["*no path is given*"])


def test_pytest_refuses_an_impossible_path_before_it_collects(pytester):
    pytester.makepyfile(SCENARIO)
    result = pytester.runpytest_subprocess("--upgrade-from=v1.33.13", "--upgrade-to=v1.36.0")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*skips 2 minor release*"])


def test_collecting_a_scenario_with_a_path_runs_no_pass(pytester):
    pytester.makepyfile(SCENARIO)
    result = pytester.runpytest_subprocess(
        "--collect-only",
        "-q",
        "--upgrade-path=v1.33.13,v1.34.4",
        "--upgrade-path=v1.34.4,v1.35.4",
    )
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*test_claim?v1.33.13-v1.34.4?", "*test_claim?v1.34.4-v1.35.4?"])


UNMADE = """
from upgrade_e2e.errors import BadInput, ClusterNotMade
from upgrade_e2e.providers.sim import SimProvider

def create(*_):
    raise {error}("there is no room for a cluster; make some.")

SimProvider.create = create
"""


@pytest.mark.parametrize(("error", "code"), [("BadInput", 2), ("ClusterNotMade", 4)])
def test_a_pass_that_did_not_begin_says_nothing_about_a_claim(pytester, error, code):
    pytester.makeconftest(UNMADE.format(error=error))
    mine = pytester.makepyfile(SCENARIO)
    result = pytester.run(TOOL, "run", "--provider=sim", "--path=v1.33,v1.34", f"--scenario={mine}")
    assert result.ret == code
    result.stdout.fnmatch_lines(["INCONCLUSIVE *: there is no room for a cluster;", "  make some."])
    record = json.loads((pytester.path / "artifacts" / "run.json").read_text())
    assert record["verdict"] == "INCONCLUSIVE"
    assert [scenario["verdict"] for scenario in record["scenarios"]] == ["INCONCLUSIVE"]
