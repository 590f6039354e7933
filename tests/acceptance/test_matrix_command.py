"""`upgrade-e2e matrix` and `annotate`, as the workflows call them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.acceptance.command import TOOL, said, tool
from tests.unit.gate.made import record, write
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import ScenarioResult

KIND_CONFIG = """--- a/kind.yaml
+++ b/kind.yaml
@@ -1,5 +1,5 @@
 kind: Cluster
 nodes:
   - role: control-plane
-    image: kindest/node:v1.33.7
+    image: kindest/node:v1.34.3
   - role: worker
"""
TERRAFORM = """--- a/main.tf
+++ b/main.tf
@@ -1,4 +1,4 @@
 resource "aws_eks_cluster" "main" {
   name    = "main"
-  version = "1.33"
+  version = "1.34"
 }
"""
HELM = """--- a/values.yaml
+++ b/values.yaml
@@ -1,3 +1,3 @@
 cluster:
-  kubernetesVersion: v1.33.7
+  kubernetesVersion: v1.35.0
   replicas: 3
"""
KNOWN = ("v1.33.7", "v1.34.3", "v1.35.0")


UNKNOWN = HELM.replace("  kubernetesVersion", "  kubernetes_next").replace("/values", "/odd")
HELM_DOWN = HELM.replace("v1.35.0", "v1.33.1").replace("/values", "/down")


def matrix(folder, *words, stdin="", code=0):
    """The matrix as a workflow reads it."""
    done = tool("matrix", *KNOWN, *words, "--json", cwd=folder, stdin=stdin)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout.count("\n") == 1
    return json.loads(done.stdout)["include"]


def test_neighbouring_paths_with_a_control_each(tmp_path):
    jobs = matrix(tmp_path, "--fault", "coredns-replicas=1")
    assert [(job["path"], job["fault"]) for job in jobs] == [
        ("v1.33.7,v1.34.3", ""),
        ("v1.33.7,v1.34.3", "coredns-replicas=1"),
        ("v1.34.3,v1.35.0", ""),
        ("v1.34.3,v1.35.0", "coredns-replicas=1"),
    ]
    assert len({job["name"] for job in jobs}) == 4


@pytest.mark.parametrize(
    ("diff", "path"),
    [
        (KIND_CONFIG, "v1.33.7,v1.34.3"),
        (TERRAFORM, "v1.33.7,v1.34.3"),
        (HELM, "v1.33.7,v1.34.3,v1.35.0"),
    ],
)
def test_the_bump_is_found_in_a_diff(tmp_path, diff, path):
    jobs = matrix(tmp_path, "--diff", "-", "--runs", "5", stdin=diff)
    assert [job["path"] for job in jobs] == [path] * 5
    (tmp_path / "bump.diff").write_text(diff)
    assert matrix(tmp_path, "--diff", "bump.diff", "--runs", "5") == jobs


def test_a_diff_without_a_bump_makes_no_job(tmp_path):
    assert matrix(tmp_path, "--diff", "-", stdin="") == []
    assert matrix(tmp_path, "--diff", "-", "--file", "*.tf", stdin=KIND_CONFIG) == []


def test_what_is_found_is_said_with_file_line_and_reason(tmp_path):
    done = tool("matrix", *KNOWN, "--diff", "-", "--json", cwd=tmp_path, stdin=TERRAFORM)
    assert "walks v1.33.7 -> v1.34.3: main.tf:3: resource.aws_eks_cluster.main.version: " in (
        done.stderr
    )
    assert "1.33 -> 1.34 (a Terraform resource of a cluster or its nodes)" in done.stderr
    assert "note: main.tf:3: v1.33 is walked as v1.33.7" in done.stderr


def test_annotations_name_file_and_line(tmp_path):
    diff = TERRAFORM + UNKNOWN
    done = tool("matrix", *KNOWN, "--diff", "-", "--annotations", cwd=tmp_path, stdin=diff)
    assert "::notice file=main.tf,line=3,title=walks v1.33.7 -> v1.34.3::resource." in done.stderr
    assert "::warning file=odd.yaml,line=2,title=unknown::cluster.kubernetes_next" in done.stderr


def test_a_way_down_is_named_and_does_not_hide_another_file(tmp_path):
    diff = HELM_DOWN + KIND_CONFIG
    jobs = matrix(tmp_path, "--diff", "-", stdin=diff)
    assert [job["path"] for job in jobs] == ["v1.33.7,v1.34.3"]
    assert matrix(tmp_path, "--diff", "-", "--unknown", "fail", stdin=diff, code=3) == jobs
    declared = ("--never-rolled-out", "v1.33.7")
    assert matrix(tmp_path, "--diff", "-", "--unknown", "fail", *declared, stdin=diff) == jobs


def test_what_is_unknown_fails_warns_or_is_only_said(tmp_path):
    for words, code in (
        ((), 0),
        (("--unknown", "ignore"), 0),
        (("--unknown", "fail"), 3),
        (("--unknown", "fail", "--versions-in", "*.tf"), 0),
        (("--unknown", "fail", "--versions-in", "odd.*"), 3),
    ):
        done = tool("matrix", *KNOWN, "--diff", "-", *words, cwd=tmp_path, stdin=UNKNOWN)
        assert done.returncode == code, words
        assert "unknown: odd.yaml:2: cluster.kubernetes_next: v1.33.7 -> v1.35.0" in done.stderr


def test_the_configuration_declares_files_rows_and_versions(tmp_path):
    (tmp_path / "upgrade-e2e.toml").write_text(
        'versions-in = ["odd.yaml"]\nnever-rolled-out = ["1.33.7"]\n'
        '[[bump-rules]]\npath = "cluster.kubernetes_next"\n'
    )
    words = ("--diff", "-", "--unknown", "fail")
    assert matrix(tmp_path, *words, stdin=HELM_DOWN) == []
    assert [job["path"] for job in matrix(tmp_path, *words, stdin=UNKNOWN)] == [
        "v1.33.7,v1.34.3,v1.35.0"
    ]
    (tmp_path / "upgrade-e2e.toml").write_text('[[bump-rules]]\npaht = "a"\n')
    done = tool("matrix", *KNOWN, *words, cwd=tmp_path, stdin=UNKNOWN)
    assert done.returncode == 2
    assert "unknown key 'paht'" in said(done)


def test_names_and_values_of_a_change_cannot_print_commands(tmp_path):
    diff = KIND_CONFIG.replace("a/kind.yaml", '"a/x\\n::error::y.yaml"').replace(
        "b/kind.yaml", '"b/x\\n::error::y.yaml"'
    )
    for words in ((), ("--annotations",)):
        done = tool("matrix", *KNOWN, "--diff", "-", *words, cwd=tmp_path, stdin=diff)
        assert done.returncode == 0, done.stderr
        assert not any(line.startswith("::error") for line in done.stderr.splitlines())


ROOT = Path(__file__).parents[2]
GATE = yaml.safe_load((ROOT / ".github" / "workflows" / "gate.yml").read_text(encoding="utf-8"))


def step(job):
    """The last step of a job of the gate."""
    return GATE["jobs"][job]["steps"][-1]


def played(script, folder, **environment):
    """What a step of the workflow does in a folder."""
    found = str(Path(TOOL).parent)
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": f"{found}:{os.environ['PATH']}", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def repository(folder, before, after):
    """A repository with one file in two commits."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.test"]
    subprocess.run([*git, "init", "--quiet"], cwd=folder, check=True)
    for text in (before, after):
        (folder / "eks.tfvars").write_text(text)
        subprocess.run([*git, "add", "eks.tfvars"], cwd=folder, check=True)
        subprocess.run([*git, "commit", "--quiet", "-m", "a"], cwd=folder, check=True)


@pytest.mark.skipif(shutil.which("jq") is None, reason="the workflow uses jq, which is not here")
@pytest.mark.parametrize(
    ("before", "after", "unknown", "paths", "rollout"),
    [
        ('eks_version = "1.33"', 'eks_version = "1.34"', "0", '["v1.33.7-v1.34.3"]', 0),
        ('release = "1.33.2"', 'release = "1.34.2"', "3", "[]", 1),
        ('region = "a"', 'region = "b"', "0", "[]", 0),
        ('eks_version = "1.34"', 'eks_version = "1.33"', "3", "[]", 1),
    ],
)
def test_the_workflow_gives_each_of_the_three_answers(
    tmp_path, before, after, unknown, paths, rollout
):
    repository(tmp_path, f"{before}\n", f"{after}\n")
    output = tmp_path / "output"
    done = played(
        step("find")["run"],
        tmp_path,
        BASE="HEAD~1",
        HEAD="HEAD",
        VERSION_FILES="*.tfvars",
        VERSION_KEYS="",
        VERSIONS=" ".join(KNOWN),
        GITHUB_OUTPUT=str(output),
    )
    assert done.returncode == 0, done.stderr
    written = dict(line.split("=", 1) for line in output.read_text().splitlines())
    assert (written["unknown"], written["paths"]) == (unknown, paths)
    assert [job["path_id"] for job in json.loads(written["matrix"])["include"]] == (
        json.loads(paths) * 6
    )
    gate = "success" if paths != "[]" else "skipped"
    found = {"FIND": "success", "UNKNOWN": unknown, "PATHS": paths, "GATE": gate}
    assert played(step("rollout")["run"], tmp_path, **found).returncode == rollout


@pytest.mark.parametrize(
    "results",
    [
        {"FIND": "failure", "UNKNOWN": "", "PATHS": "", "GATE": "skipped"},
        {"FIND": "cancelled", "UNKNOWN": "", "PATHS": "", "GATE": "skipped"},
        {"FIND": "success", "UNKNOWN": "0", "PATHS": '["a"]', "GATE": "skipped"},
        {"FIND": "success", "UNKNOWN": "0", "PATHS": '["a"]', "GATE": "failure"},
        {"FIND": "success", "UNKNOWN": "3", "PATHS": '["a"]', "GATE": "success"},
    ],
)
def test_a_job_that_was_skipped_is_no_yes(tmp_path, results):
    done = played(step("rollout")["run"], tmp_path, **results)
    assert done.returncode == 1
    assert done.stdout.startswith("::error::")


def test_the_last_job_answers_whatever_became_of_the_others():
    job = GATE["jobs"]["rollout"]
    assert job["if"] == "${{ always() }}"
    assert job["needs"] == ["find", "gate"]
    assert not (GATE.get("on") or GATE[True])["pull_request"], "every pull request gets an answer"


@pytest.mark.parametrize(
    ("words", "stdin", "told"),
    [
        (("v1.33.7",), "", "no two neighbouring minors"),
        (("new", "newer"), "", "not a Kubernetes version"),
        ((*KNOWN, "--runs", "0"), "", "must be 1 or more"),
        ((*KNOWN, "--runs", "200"), "", "more than the 256"),
        ((*KNOWN, "--diff", "-"), "hello", "not a unified diff"),
        ((*KNOWN, "--diff", "none.diff"), "", "cannot be read"),
        ((*KNOWN, "--key", "version"), "", "give it with --diff"),
        ((*KNOWN, "--unknown", "fail"), "", "give it with --diff"),
        ((*KNOWN, "--diff", "-", "--rev", "a..b"), "", "give one of them"),
        ((*KNOWN, "--rev", "a..b"), "", "knows no revision 'a'"),
        ((*KNOWN, "--diff", "-"), f"\x1b[1m{HELM}", "--no-color"),
    ],
)
def test_what_makes_no_matrix_is_exit_code_2(tmp_path, words, stdin, told):
    done = tool("matrix", *words, cwd=tmp_path, stdin=stdin)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in said(done)


def test_verdicts_are_annotated_and_a_killed_pass_too(tmp_path):
    broken = ScenarioResult("test_dns", "Lookups.", Verdict.FAIL, "line one\nline two", ("dns",))
    write(tmp_path / "runs", record(verdict=Verdict.FAIL, scenarios=(broken,)))
    (tmp_path / "killed" / "work").mkdir(parents=True)
    done = tool("annotate", "runs", "killed", "never-made", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("::error title=FAIL%3A v1.33.13 -> v1.34.4 on kind::")
    assert "line one%0Aline two" in lines[1]
    assert [line.split("::")[1] for line in lines[2:]] == [
        "warning title=INCONCLUSIVE%3A no record"
    ] * 2
