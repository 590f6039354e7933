"""`init` and `schema`, by the installed command."""

from __future__ import annotations

import json
import tomllib

import pytest

from tests.acceptance.command import said, tool


@pytest.fixture(autouse=True)
def at_home(tmp_path, monkeypatch):
    """A user without any cluster."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)


def test_without_a_cluster_the_file_shows_the_defaults(tmp_path):
    done = tool("init", cwd=tmp_path)
    assert done.returncode == 0, said(done)
    assert "No cluster is at hand" in said(done)
    assert tomllib.loads((tmp_path / "upgrade-e2e.toml").read_text()) == {}
    plan = tool("plan", "--provider", "sim", cwd=tmp_path)
    assert plan.returncode == 0, said(plan)


def test_what_is_there_is_kept(tmp_path):
    (tmp_path / "upgrade-e2e.toml").write_text("workers = 1\n")
    done = tool("init", cwd=tmp_path)
    assert done.returncode == 2
    assert "add --force" in said(done)
    assert (tmp_path / "upgrade-e2e.toml").read_text() == "workers = 1\n"
    assert tool("init", "--force", cwd=tmp_path).returncode == 0
    assert tomllib.loads((tmp_path / "upgrade-e2e.toml").read_text()) == {}


def test_a_second_place_for_options_is_refused(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.upgrade-e2e]\nworkers = 1\n")
    done = tool("init", cwd=tmp_path)
    assert done.returncode == 2
    assert "name another file with --output" in said(done)
    assert tool("init", "--output", "mine.toml", cwd=tmp_path).returncode == 0
    assert tool("plan", "--provider=sim", "--config=mine.toml", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("content", [None, "", "{}", "clusters: 3"])
def test_a_kubeconfig_that_was_named_must_work(tmp_path, content):
    if content is not None:
        (tmp_path / "kc").write_text(content)
    done = tool("init", "--kubeconfig", "kc", cwd=tmp_path)
    assert done.returncode == 2
    assert "kubeconfig kc cannot be used" in said(done)
    assert not (tmp_path / "upgrade-e2e.toml").exists()


def test_the_options_of_the_file_reach_the_plan_and_the_run(tmp_path):
    (tmp_path / "upgrade-e2e.toml").write_text('provider = "sim"\nworkers = 7\n')
    assert "worker7" in said(tool("plan", cwd=tmp_path))
    (tmp_path / "upgrade-e2e.toml").write_text('provider = "sim"\nscenario = ["no_such"]\n')
    done = tool("run", cwd=tmp_path)
    assert done.returncode == 2
    assert "there is no scenario 'no_such'" in said(done)


def test_less_than_one_path_at_a_time_is_refused(tmp_path):
    (tmp_path / "upgrade-e2e.toml").write_text('provider = "sim"\nparallel = 0\n')
    done = tool("run", cwd=tmp_path)
    assert done.returncode == 2
    assert "parallel is 0" in said(done)


def test_the_schema_is_printed(tmp_path):
    done = tool("schema", cwd=tmp_path)
    assert json.loads(done.stdout)["properties"]["workers"]["type"] == "integer"
