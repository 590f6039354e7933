"""The workflows and the GitLab example: valid, pinned, and free of injected expressions."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import check_jsonschema
import pytest
import yaml
from click.testing import CliRunner

from upgrade_e2e.pipelines import build_matrix, neighbouring_paths
from upgrade_e2e.version import KubeVersion

ROOT = Path(__file__).parents[3]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
DOCUMENT = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"


def block(name):
    """The block of docs/ci.md that shows a file."""
    return re.search(rf"<!-- {re.escape(name)} -->\n```\w+\n(.*?)```", DOCUMENT, re.DOTALL)[1]


def valid(file, schema):
    """Check a file against a schema that comes with check-jsonschema."""
    argv = ["--builtin-schema", schema, str(file)]
    if "gitlab" in schema:
        argv += ["--data-transform", "gitlab-ci"]
    done = CliRunner().invoke(check_jsonschema.main, argv)
    assert done.exit_code == 0, done.output


def scripts(workflow):
    """Each `run` of a workflow, and its `uses`."""
    for job in yaml.safe_load(workflow.read_text())["jobs"].values():
        for step in job["steps"]:
            yield step.get("run", ""), step.get("uses", "")


def test_there_are_a_nightly_and_a_gate():
    assert [file.name for file in WORKFLOWS] == ["gate.yml", "nightly.yml"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_fits_the_schema_of_github(workflow):
    valid(workflow, "vendor.github-workflows")


@pytest.mark.skipif(shutil.which("go") is None, reason="actionlint is built with Go; none is here")
def test_actionlint_finds_nothing():
    argv = ["go", "run", ACTIONLINT, "-no-color", *map(str, WORKFLOWS)]
    environment = {**os.environ, "GOFLAGS": "-mod=mod"}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.name)
def test_actions_are_pinned_and_scripts_hold_no_expressions(workflow):
    for script, uses in scripts(workflow):
        assert "${{" not in script, "an expression in a script lets a title or branch run code"
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
        assert not uses or re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", uses), uses


def test_the_gitlab_example_fits_the_schema_of_gitlab(tmp_path):
    for name in (".gitlab-ci.yml", "ci/upgrade-jobs.yml"):
        file = tmp_path / Path(name).name
        file.write_text(block(name))
        valid(file, "vendor.gitlab-ci")


@pytest.mark.skipif(shutil.which("jq") is None, reason="the example of docs/ci.md needs jq")
def test_the_gitlab_jobs_are_written_for_every_entry(tmp_path):
    (tmp_path / "jobs.jq").write_text(block("ci/gitlab-jobs.jq"))
    known = [KubeVersion.parse(word) for word in ("v1.33.7", "v1.34.3", "v1.35.0")]
    matrix = build_matrix(neighbouring_paths(known, most_hops=2), runs=2, faults=["x=1"])
    for text in (matrix.to_json(), '{"include": []}'):
        done = subprocess.run(
            ["jq", "-f", str(tmp_path / "jobs.jq")],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        jobs = json.loads(done.stdout)
        names = {entry["name"] for entry in json.loads(text)["include"]}
        assert names <= set(jobs)
        (tmp_path / "jobs.yml").write_text(done.stdout)
        valid(tmp_path / "jobs.yml", "vendor.gitlab-ci")


GH = """#!/bin/sh
case "$1 $2" in
  "repo view") echo main ;;
  "run list") printf '5\\n4\\n3\\n' ;;
  "run download")
    while [ $# -gt 0 ]; do [ "$1" = --dir ] && folder=$2; [ "$2" = download ] && id=$3; shift; done
    [ "$id" = 4 ] && exit 1
    echo "of $id" > "$folder/history.jsonl" ;;
esac
"""
UPGRADE_E2E = """#!/bin/sh
[ "$1 $2" = "history import" ] || exit 2
grep -q "of $BROKEN" "$3" && exit 1
cat "$3" >> "$5"
"""


@pytest.mark.parametrize(("broken", "kept"), [("none", "of 5\nof 3\n"), ("5", "of 3\n")])
def test_the_histories_of_several_nights_are_joined(tmp_path, broken, kept):
    for name, text in (("gh", GH), ("upgrade-e2e", UPGRADE_E2E)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "BROKEN": broken}
    argv = [str(ROOT / "ci" / "fetch-history"), "nightly.yml", "a/b", str(tmp_path / "history")]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
    assert (tmp_path / "history").read_text() == kept
    assert ("cannot be read" in done.stdout) == (broken == "5")
