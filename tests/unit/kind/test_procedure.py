"""An UpgradeConfiguration of the user's: what is refused, what is merged, what it changes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.config import IGNORED_PREFLIGHT, ignored_with
from upgrade_e2e.providers.kind.procedure import UpgradeConfig
from upgrade_e2e.version import KubeVersion

TARGET = KubeVersion.parse("v1.34.4")
HEAD = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\n"
THEIRS = (
    HEAD
    + """
apply:
  ignorePreflightErrors: [CoreDNSUnsupportedPlugins, swap]
  skipPhases: [addon]
  patches: {directory: /patches}
  certificateRenewal: false
  forceUpgrade: true
node:
  patches: {directory: /node-patches}
timeouts: {upgradeManifests: 8m}
"""
)


@pytest.fixture
def written(tmp_path):
    """Writes a configuration and gives its file."""

    def write(text: str) -> Path:
        file = tmp_path / "upgrade.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


@pytest.fixture
def theirs(written) -> UpgradeConfig:
    return UpgradeConfig.read(written(THEIRS))


def test_the_version_and_kinds_errors_are_put_in_and_all_else_survives(theirs):
    made = yaml.safe_load(theirs.text(TARGET))
    kinds = [word for word in IGNORED_PREFLIGHT if word != "Swap"]
    assert made["apply"] == {
        "kubernetesVersion": "v1.34.4",
        "ignorePreflightErrors": ["CoreDNSUnsupportedPlugins", "swap", *kinds],
        "skipPhases": ["addon"],
        "patches": {"directory": "/patches"},
        "certificateRenewal": False,
        "forceUpgrade": True,
    }
    assert made["node"] == {
        "patches": {"directory": "/node-patches"},
        "ignorePreflightErrors": list(IGNORED_PREFLIGHT),
    }
    assert made["plan"]["kubernetesVersion"] == "v1.34.4"
    assert made["timeouts"] == {"upgradeManifests": "8m"}
    assert (made["apiVersion"], made["kind"]) == (
        "kubeadm.k8s.io/v1beta4",
        "UpgradeConfiguration",
    )


def test_each_hop_has_its_own_version(written):
    own = UpgradeConfig.read(written(HEAD + "diff: {kubernetesVersion: v1.30.0, contextLines: 9}"))
    for text in ("v1.34.4", "v1.35.4"):
        made = yaml.safe_load(own.text(KubeVersion.parse(text)))
        assert made["apply"]["kubernetesVersion"] == text
        assert made["diff"] == {"kubernetesVersion": text, "contextLines": 9}


@pytest.mark.parametrize("word", ["all", "ALL"])
def test_all_ignored_errors_stay_all(written, word):
    """Kubeadm refuses `all` next to other words."""
    text = f"{HEAD}apply: {{ignorePreflightErrors: [{word}]}}"
    made = yaml.safe_load(UpgradeConfig.read(written(text)).text(TARGET))
    assert made["apply"]["ignorePreflightErrors"] == ["all"]
    assert made["node"]["ignorePreflightErrors"] == list(IGNORED_PREFLIGHT)


@given(st.lists(st.sampled_from(["A", "swap", "Swap", "SystemVerification"]), unique_by=str.lower))
def test_every_ignored_error_comes_once(own):
    lower = [word.lower() for word in ignored_with(own)]
    assert len(lower) == len(set(lower))
    assert set(lower) == {word.lower() for word in (*own, *IGNORED_PREFLIGHT)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it holds 0 documents"),
        (f"{HEAD}---\n{HEAD}", "it holds 2 documents"),
        ("- a\n- b\n", "it is no mapping"),
        ("{", "is not YAML"),
        ("\x00", "is not YAML"),
        ("kind: ClusterConfiguration\napiVersion: kubeadm.k8s.io/v1beta4\n", "its kind is 'Cl"),
        ("apiVersion: kubeadm.k8s.io/v1beta4\n", "its kind is None"),
        (
            "kind: UpgradeConfiguration\napiVersion: kubeadm.k8s.io/v1beta3\n",
            "v1beta3 has no UpgradeConfiguration",
        ),
        ("kind: UpgradeConfiguration\napiVersion: v1\n", "its apiVersion is 'v1'"),
        (HEAD + "aply: {}\n", "unknown key 'aply'; known are apiVersion, apply"),
        (HEAD + "apply: yes please\n", "apply is 'yes please'; write a mapping"),
        (HEAD + "apply: {skipPhases: [addonn]}\n", "'addonn'; did you mean 'addon'"),
        ("[" * 3000, "is not YAML"),
        (HEAD + "apply: {skipPhases: addon}\n", "apply.skipPhases is 'addon'; write a list"),
        (HEAD + "node: {ignorePreflightErrors: [1]}\n", "node.ignorePreflightErrors is [1]"),
        (HEAD + "apply: {etcdUpgrade: 'no'}\n", "apply.etcdUpgrade is 'no'; write true or false"),
        (HEAD + "apply: {dryRun: true}\n", "apply.dryRun is true, so nothing would be upgraded"),
        (HEAD + "node: {patches: /patches}\n", "node.patches is '/patches'"),
        (HEAD + "node: {patches: {directory: here}}\n", "from the root"),
    ],
)
def test_what_is_no_such_configuration_is_refused(written, text, said):
    with pytest.raises(BadInput) as caught:
        UpgradeConfig.read(written(text))
    assert said in str(caught.value)
    assert "upgrade.yaml" in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        UpgradeConfig.read(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("body", "one", "three"),
    [
        ("{}", set(), set()),
        ("apply: {skipPhases: [addon]}", {"coredns", "kube-proxy"}, set()),
        ("node: {skipPhases: [addon]}", set(), {"coredns", "kube-proxy"}),
        ("apply: {skipPhases: [addon/coredns]}", {"coredns"}, set()),
        ("node: {skipPhases: [addon/kube-proxy, preflight]}", set(), {"kube-proxy"}),
        ("apply: {etcdUpgrade: false}", {"etcd"}, {"etcd"}),
        ("node: {etcdUpgrade: false}", set(), {"etcd"}),
        ("apply: {skipPhases: [preflight]}", set(), set()),
    ],
)
def test_skipped_phases_leave_components_alone(written, body, one, three):
    """The last control plane rolls the addons: with several, that is `upgrade node`."""
    own = UpgradeConfig.read(written(HEAD + ("" if body == "{}" else body)))
    assert own.left_alone(1) == one
    assert own.left_alone(3) == three


def test_phases_of_apply_are_refused_where_kubeadm_ignores_them(theirs):
    theirs.require_fit(KubeVersion.parse("v1.32.0"), 1)
    with pytest.raises(BadInput, match=r"kubeadm v1\.31\.4 ignores skipPhases of apply"):
        theirs.require_fit(KubeVersion.parse("v1.31.4"), 1)


def test_a_control_plane_that_would_stay_old_is_refused(written):
    own = UpgradeConfig.read(written(HEAD + "node: {skipPhases: [control-plane]}"))
    own.require_fit(TARGET, 1)
    with pytest.raises(BadInput, match="would stay at the old version"):
        own.require_fit(TARGET, 3)
    own = UpgradeConfig.read(written(HEAD + "apply: {skipPhases: [control-plane]}"))
    with pytest.raises(BadInput, match="apply skips the phase control-plane"):
        own.require_fit(TARGET, 1)


def test_people_see_the_file_its_digest_and_what_it_changes(theirs):
    digest = hashlib.sha256(THEIRS.encode()).hexdigest()[:12]
    assert theirs.describe() == (
        f"upgrade.yaml (sha256:{digest}); apply skips addon; apply uses patches in /patches; "
        "apply has certificateRenewal: false; node uses patches in /node-patches"
    )


def test_a_version_that_gives_way_to_that_of_the_path_is_named(written):
    own = UpgradeConfig.read(written(HEAD + "apply: {kubernetesVersion: v1.35.0}\n"))
    assert "its apply.kubernetesVersion v1.35.0 gives way to the path's" in own.describe()
    assert yaml.safe_load(own.text(TARGET))["apply"]["kubernetesVersion"] == str(TARGET)


def test_a_phase_that_a_newer_kubeadm_may_have_is_left_to_kubeadm(written):
    own = UpgradeConfig.read(written(HEAD + "apply: {skipPhases: [something-new]}"))
    assert own.skipped_phases("apply") == ("something-new",)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + HEAD.replace("\n", "\r\n"),
        '{\n\t"apiVersion": "kubeadm.k8s.io/v1beta4",\n\t"kind": "UpgradeConfiguration"}',
    ],
)
def test_files_of_other_editors_are_read(written, text):
    made = yaml.safe_load(UpgradeConfig.read(written(text)).text(TARGET))
    assert made["apply"]["kubernetesVersion"] == "v1.34.4"
