"""Words of a path become versions and images before anything is planned."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from tests.unit.gate.made import record
from upgrade_e2e.cli import main
from upgrade_e2e.errors import BadInput, ImpossiblePath
from upgrade_e2e.gate.run import run_of
from upgrade_e2e.providers.kind.resolving import ImageSources, NodeImage
from upgrade_e2e.run import RunRequest
from upgrade_e2e.run.choice import choose
from upgrade_e2e.run.providers import kind_settings
from upgrade_e2e.run.resolving import resolve_words
from upgrade_e2e.run.settings import PassSettings
from upgrade_e2e.version import KubeVersion

HERE = ("v1.33.7", "v1.33.4")
PUBLISHED = ("v1.34.3", "v1.35.1")


class Source:
    def __init__(self, words, source, *, here):
        self.words, self.source, self.here = words, source, here

    def versions(self):
        return tuple(map(KubeVersion.parse, self.words))

    def find(self, version):
        if str(version) not in self.words:
            return None
        pin = "" if self.here else "@sha256:1"
        return NodeImage(version, f"node:{version}{pin}", self.source, here=self.here)


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """Two images here, two published ones."""
    listed = (
        Source(HERE, "on this machine", here=True),
        Source(PUBLISHED, "published", here=False),
    )
    made = ImageSources(listed, listed, unlisted=str)
    monkeypatch.setattr("upgrade_e2e.run.resolving.image_sources", lambda settings: made)
    monkeypatch.setattr("upgrade_e2e.run.request.absent_images", lambda names: ())
    monkeypatch.setattr("upgrade_e2e.run.request.choose", lambda given: choose(given, lambda: ""))


def request(tmp_path, **given):
    return RunRequest.of({name.replace("_", "-"): value for name, value in given.items()}, tmp_path)


def test_every_version_of_a_path_gets_its_image_and_the_provider_is_given_it(tmp_path):
    made = request(tmp_path, provider="kind", **{"from": "v1.33", "to": "v1.34"})
    settings = kind_settings(made.settings, tmp_path)
    versions = made.plans[0].path.versions
    assert list(map(settings.image_for, versions)) == ["node:v1.33.7", "node:v1.34.3@sha256:1"]
    assert any(
        "node:v1.34.3@sha256:1" in line for step in made.plans[0].steps for line in step.does
    )


def test_what_was_chosen_and_what_is_pulled_is_said(tmp_path):
    made = request(tmp_path, provider="kind", path=["v1.33,v1.34", "v1.34,v1.35.1"])
    assert made.sentences == (
        "v1.33 is v1.33.7: on this machine.",
        "v1.34 is v1.34.3: published, to be pulled, 1.0 GB.",
        "v1.35.1 is published, to be pulled, 1.0 GB.",
        "To be pulled: 2 node images; about 0.8 GB to download, 2.0 GB on disk, 2 min at "
        "50 Mbit/s.",
    )


def test_nothing_is_said_of_full_versions_that_are_here(tmp_path):
    made = request(tmp_path, provider="kind", **{"from": "v1.33.4", "to": "v1.33.7"})
    assert made.sentences == ()


def test_images_of_workloads_are_pulled_too(tmp_path, monkeypatch):
    monkeypatch.setattr("upgrade_e2e.run.request.absent_images", lambda names: names[:1])
    made = request(tmp_path, provider="kind", **{"from": "v1.33.4", "to": "v1.33.7"})
    assert made.sentences[0].startswith("To be pulled: python:3.11-slim; about 0.1 GB")


@pytest.mark.parametrize(("here", "count"), [(True, 0), (False, 1)])
def test_the_image_that_an_older_worker_keeps_is_pulled_too(tmp_path, monkeypatch, here, count):
    absent = "upgrade_e2e.run.resolving.absent_images"
    monkeypatch.setattr(absent, lambda names: () if here else tuple(names))
    (tmp_path / "kind.yaml").write_text(
        "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n"
        "nodes: [{role: control-plane}, {role: worker, image: 'mine/node:v1.32.5'}]\n"
    )
    given = {"kind-config": tmp_path / "kind.yaml", "from": "v1.33.4", "to": "v1.33.7"}
    sentences = request(tmp_path, provider="kind", **given).sentences
    assert [line.startswith("To be pulled: 1 node image;") for line in sentences] == [True] * count


def test_without_a_provider_and_with_images_to_pull_it_is_a_real_pass(tmp_path):
    made = request(tmp_path)
    assert made.settings.provider == "kind"
    assert str(made.plans[0].path) == "v1.34.3 -> v1.35.1"
    assert made.sentences[0] == "This runs on kind: docker and kind are here."


def test_another_patch_is_walked_only_on_request_and_artifacts_say_so(tmp_path):
    ends = {"from": "v1.33.5", "to": "v1.34.3"}
    with pytest.raises(BadInput, match=r"nearest patches.*v1\.33\.4 .on this machine"):
        request(tmp_path, provider="kind", **ends)
    made = request(tmp_path, provider="kind", nearest_patch=True, **ends)
    assert made.plans[0].choices["nearest-patch"] == "asked for v1.33.5, walked v1.33.4"
    assert made.sentences[0] == "asked for v1.33.5, walked v1.33.4: on this machine."


def test_the_nearest_patch_is_no_setting_that_tells_runs_apart():
    walked = run_of(record(choices={"nearest-patch": "asked for v1, walked v2", "x": "y"}))
    assert walked.choices == {"x": "y"}


def test_words_that_are_no_path_are_refused_as_a_path_only(tmp_path):
    resolved = resolve_words(["v1.33", "v1.35"], PassSettings())
    assert list(map(str, resolved.versions)) == ["v1.33.7", "v1.35.1"]
    with pytest.raises(ImpossiblePath, match="skips 1 minor"):
        resolved.path  # noqa: B018 - it is worked out when it is asked for


def test_what_no_cluster_can_walk_is_refused_before_anything_is_asked(monkeypatch):
    monkeypatch.setattr(Source, "find", lambda source, version: pytest.fail("it was asked"))
    with pytest.raises(ImpossiblePath, match="skips 2 minor"):
        resolve_words(["v1.33.99", "v1.36.99"], PassSettings())


def test_a_simulated_cluster_needs_no_image_and_walks_any_version(tmp_path):
    made = request(
        tmp_path,
        provider="sim",
        **{"from": "v1.33.99", "to": "latest", "via": ["v1.34", "v1.35", "v1.36"]},
    )
    assert str(made.plans[0].path).startswith("v1.33.99 -> v1.34.")
    assert (made.sentences, made.settings.node_images) == ((), {})


def test_plan_shows_what_run_would_pull(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["plan", "--nearest-patch", "--from", "v1.33.5", "--to", "v1.34"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert "To be pulled: 1 node image; about 0.4 GB to download" in done.stderr
    assert "nearest-patch: asked for v1.33.5, walked v1.33.4" in done.stdout


def test_matrix_finds_images_as_a_pass_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["matrix", "v1.33", "v1.34.3"])
    assert done.exit_code == 0, done.output
    assert done.stdout == "v1.33.7 -> v1.34.3  run 1\n"
    assert done.stderr.startswith("upgrade-e2e: v1.33 is v1.33.7: on this machine.\n")
    refused = CliRunner().invoke(main, ["matrix", "v1.33", "v1.40"])
    assert refused.exit_code == 2
    assert "any patch of v1.40" in refused.stderr


def test_matrix_refuses_what_no_job_could_start_with_and_walks_the_nearest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["matrix", "v1.33", "v1.34.99"]
    refused = CliRunner().invoke(main, words)
    assert refused.exit_code == 2
    assert "there is no node image of v1.34.99. The nearest patches" in refused.stderr
    done = CliRunner().invoke(main, [*words, "--nearest-patch"])
    assert done.exit_code == 0, done.output
    assert "asked for v1.34.99, walked v1.34." in done.stderr
    assert done.stdout.startswith("v1.33.7 -> v1.34.")


def test_the_versions_that_a_change_may_end_at_are_taken_as_they_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["matrix", "v1.33.98", "v1.34.99", "--diff", "-"]
    done = CliRunner().invoke(main, words, input="--- a/x.txt\n+++ b/x.txt\n@@ -1 +1 @@\n-a\n+b\n")
    assert done.exit_code == 0, done.output


def test_matrix_without_words_takes_the_source_that_has_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["matrix"])
    assert done.stdout == "v1.34.3 -> v1.35.1  run 1\n"
