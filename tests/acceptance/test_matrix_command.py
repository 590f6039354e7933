"""`upgrade-e2e matrix` and `annotate`, as the workflows call them."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.command import said, tool
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


def matrix(folder, *words, stdin=""):
    """The matrix as a workflow reads it."""
    done = tool("matrix", *KNOWN, *words, "--json", cwd=folder, stdin=stdin)
    assert done.returncode == 0, done.stdout + done.stderr
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
        (
            (*KNOWN, "--diff", "-"),
            KIND_CONFIG.replace("v1.33.7", "v1.35.0"),
            "kind.yaml:4: image: v1.35.0 -> v1.34.3",
        ),
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
