"""One request from the command line, the table and the defaults."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from upgrade_e2e.errors import BadInput
from upgrade_e2e.judge import Limits
from upgrade_e2e.options import OPTIONS
from upgrade_e2e.run import RunRequest
from upgrade_e2e.run.request import _on, settings_of, values_of
from upgrade_e2e.run.settings import NIGHTLY_AFTER_S, NIGHTLY_BEFORE_S, WATCHED_AROUND_S


@pytest.fixture
def project(tmp_path):
    """A folder with a table."""
    (tmp_path / "pyproject.toml").write_text(
        "[tool.upgrade-e2e]\n"
        'provider = "sim"\nworkers = 3\nwatch-after = 7\n'
        'from = "v1.33.13"\nvia = ["v1.34.4"]\nto = "v1.35.4"\n'
        'fault = ["no-prestop"]\nimages = {"v1.34.4" = "table:1", "v1.33.13" = "table:2"}\n'
    )
    return tmp_path


def test_the_command_line_goes_before_the_table_and_the_table_before_the_default(project):
    values = values_of({"workers": 1, "watch-after": None}, project)
    assert (values["workers"], values["watch-after"], values["drain-timeout"]) == (1, 7.0, 300.0)
    assert values_of({"fault": ["dns-delay=1s"]}, project)["fault"] == ["dns-delay=1s"]


@pytest.mark.parametrize("nothing", [None, (), []])
def test_what_is_empty_was_not_given(project, nothing):
    assert values_of({"fault": nothing}, project)["fault"] == ("no-prestop",)


@pytest.mark.parametrize(
    ("name", "value"), [("workers", 0), ("watch-after", 0.0), ("fast-control-plane", False)]
)
def test_zero_and_no_are_values(project, name, value):
    assert values_of({name: value}, project)[name] == value


def test_every_option_has_a_value(tmp_path):
    values = values_of({}, tmp_path)
    assert {option.name for option in OPTIONS} <= set(values)
    repeated = [option.name for option in OPTIONS if option.multiple]
    assert {values[name] for name in repeated} == {()}


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({}, ["v1.33.13-v1.34.4-v1.35.4"]),
        ({"from": "v1.33.13", "to": "v1.34.4"}, ["v1.33.13-v1.34.4"]),
        ({"path": ["v1.34.4,v1.35.4"]}, ["v1.34.4-v1.35.4"]),
        ({"path": ["v1.33,v1.34", "v1.34,v1.35"]}, ["v1.33.13-v1.34.4", "v1.34.4-v1.35.4"]),
    ],
)
def test_a_path_that_is_given_replaces_the_whole_path_of_the_table(project, given, paths):
    assert [plan.path.id for plan in RunRequest.of(given, project).plans] == paths


@pytest.mark.parametrize("given", [{"from": "v1.33.13"}, {"to": "v1.34.4"}])
def test_half_a_path_is_not_filled_up_from_the_table(project, given):
    with pytest.raises(BadInput, match="go together"):
        RunRequest.of(given, project)


def test_an_option_that_does_not_exist_is_named_with_those_that_do(tmp_path):
    with pytest.raises(BadInput, match=r"no option 'worker'; known are .*workers"):
        values_of({"worker": 1}, tmp_path)


def test_an_image_that_is_given_goes_before_that_of_the_table(project):
    settings = settings_of(values_of({"image-for": ["1.34.4=given:1"]}, project))
    assert settings.node_images == {"v1.34.4": "given:1", "v1.33.13": "table:2"}


def test_without_a_path_the_default_one_is_walked(tmp_path):
    request = RunRequest.of({"provider": "sim"}, tmp_path)
    assert [plan.path.id for plan in request.plans] == ["v1.33.13-v1.34.4"]
    assert (request.settings.watch_before_s, request.settings.watch_after_s) == (3.0, 3.0)
    assert request.why == ""


def test_a_named_time_is_kept_and_zero_is_one(tmp_path):
    settings = RunRequest.of({"provider": "sim", "watch-before": 0.0}, tmp_path).settings
    assert (settings.watch_before_s, settings.watch_after_s) == (0.0, 3.0)


def test_a_nightly_pass_of_a_real_cluster_is_watched_for_longer():
    values = values_of({"profile": "nightly"}, Path("/nowhere"))
    settings = settings_of(values)
    assert _watched(_on("kind", settings, values)) == (NIGHTLY_BEFORE_S, NIGHTLY_AFTER_S)
    assert _watched(_on("sim", settings, values)) == (WATCHED_AROUND_S["sim"],) * 2
    named = {**values, "watch-before": 4.0, "watch-after": 5.0}
    assert _watched(_on("kind", settings, named)) == (4.0, 5.0)
    plain = settings_of({**values, "profile": "standard"})
    assert _watched(_on("kind", plain, values)) == (WATCHED_AROUND_S["kind"],) * 2


def _watched(settings):
    return settings.watch_before_s, settings.watch_after_s


def test_each_of_several_paths_has_a_folder_of_its_own(tmp_path):
    given = {"provider": "sim", "artifacts-dir": tmp_path / "out"}
    one = RunRequest.of(given, tmp_path)
    assert [one.folder_of(plan) for plan in one.plans] == [tmp_path / "out"]
    two = RunRequest.of({**given, "path": ["v1.33,v1.34", "v1.34,v1.35"]}, tmp_path)
    assert [two.folder_of(plan) for plan in two.plans] == [
        tmp_path / "out" / "v1.33.13-v1.34.4",
        tmp_path / "out" / "v1.34.4-v1.35.4",
    ]


def test_the_folder_of_artifacts_is_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    request = RunRequest.of({"provider": "sim", "artifacts-dir": Path("out")})
    assert request.artifacts == tmp_path / "out"
    assert list(tmp_path.iterdir()) == []


def test_limits_come_from_their_file(tmp_path):
    file = tmp_path / "limits.toml"
    file.write_text("[dns]\np99_s = 0.25\n")
    request = RunRequest.of({"provider": "sim", "limits": file}, tmp_path)
    assert request.limits == Limits.load(file) != Limits.default()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"control-planes": 2}, "use 1 or 3"),
        ({"workers": 0}, "one worker"),
        ({"control-planes": 4}, "cannot hold a majority in etcd"),
        ({"control-planes": 0}, "cannot hold a majority in etcd"),
        ({"after-create": ("true",)}, "not made by kind"),
        ({"keep-cluster": "often"}, "one of never"),
        ({"watch-after": -1.0}, "cannot be negative"),
        ({"fault": ["gremlins"]}, "gremlins"),
        ({"path": ["v1.33,v1.34", "v1.33,v1.34"]}, "given twice"),
        ({"via": ["v1.34"]}, "add --from and --to"),
        ({"from": "v1.33", "to": "v1.36"}, "v1.33"),
    ],
)
def test_what_cannot_work_is_refused(tmp_path, given, told):
    with pytest.raises(BadInput, match=told):
        RunRequest.of({"provider": "sim", **given}, tmp_path)


@pytest.fixture
def manifests(tmp_path):
    """Two manifests, next to a table that names them."""
    for name, image in (("deny", "a:latest"), ("allow", "a:1.2")):
        (tmp_path / f"{name}.yaml").write_text(
            f"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{image: '{image}'}}}}"
        )
    (tmp_path / "upgrade-e2e.toml").write_text(
        'guard-forbidden = "deny.yaml"\nguard-allowed = ["allow.yaml"]\nguard-words = "tag"\n'
    )
    return tmp_path


def test_policies_are_named_by_two_manifests_and_words(manifests):
    (of_table,) = settings_of(values_of({}, manifests)).guards
    assert (of_table.name, of_table.policy, of_table.words) == (
        "deny",
        "the policy that forbids deny.yaml",
        "tag",
    )
    given = {
        "guard-forbidden": [manifests / "allow.yaml", manifests / "deny.yaml"],
        "guard-allowed": [manifests / "deny.yaml", manifests / "allow.yaml"],
        "guard-words": ["one", "two"],
    }
    pairs = settings_of(values_of(given, manifests)).guards
    assert [(pair.name, pair.words) for pair in pairs] == [("allow", "one"), ("deny", "two")]


def test_the_place_of_snapshots_is_an_option_and_a_key(tmp_path):
    (tmp_path / "upgrade-e2e.toml").write_text('backup-into = "backups"\n')
    assert settings_of(values_of({}, tmp_path)).backup_place.into == str(tmp_path / "backups")
    given = {"backup-into": "elsewhere"}
    assert settings_of(values_of(given, tmp_path)).backup_place.into == "elsewhere"
    with pytest.raises(BadInput, match=r"--backup-into is 'gs://x'"):
        RunRequest.of({"provider": "sim", "backup-into": "gs://x"}, tmp_path)


@pytest.fixture
def bucket(tmp_path):
    """A folder whose table names a bucket and its server."""
    (tmp_path / "upgrade-e2e.toml").write_text(
        'backup-into = "s3://backups/x"\ns3-endpoint = "https://s3.example.org"\n'
    )
    return tmp_path


@pytest.mark.parametrize(
    ("given", "into", "endpoint"),
    [
        ({}, "s3://backups/x", "https://s3.example.org"),
        ({"backup-into": "s3://mine/y"}, "s3://mine/y", "https://s3.example.org"),
        ({"s3-endpoint": "http://[::1]:7"}, "s3://backups/x", "http://[::1]:7"),
        ({"backup-into": "here"}, "here", ""),
        ({"backup-into": ""}, "", ""),
    ],
)
def test_a_place_that_is_no_bucket_replaces_the_bucket_and_its_server(
    bucket, given, into, endpoint
):
    place = settings_of(values_of(given, bucket)).backup_place
    assert (place.into, place.s3_endpoint) == (into, endpoint)


def test_an_endpoint_that_is_given_next_to_a_folder_is_refused(bucket):
    given = {"backup-into": "here", "s3-endpoint": "https://s3.example.org"}
    with pytest.raises(BadInput, match="means nothing to the folder here"):
        settings_of(values_of(given, bucket))


def test_who_stores_nothing_needs_no_boto3(bucket, monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    request = RunRequest.of({"provider": "sim"}, bucket)
    assert request.settings.backup_place.into == "s3://backups/x"


def test_artifacts_below_a_folder_that_may_not_be_entered_are_refused(tmp_path, hide, monkeypatch):
    (tmp_path / "shut").mkdir()
    hide(tmp_path / "shut")
    monkeypatch.setattr("os.access", lambda path, _: path.name != "shut")
    with pytest.raises(BadInput, match=r"cannot be written to, because of .*shut;"):
        RunRequest.of({"provider": "sim", "artifacts-dir": tmp_path / "shut" / "a"}, tmp_path)


def test_half_a_policy_is_refused(manifests):
    with pytest.raises(BadInput, match="2, 1 and 1 are given"):
        settings_of(values_of({"guard-forbidden": [manifests / "deny.yaml"] * 2}, manifests))
