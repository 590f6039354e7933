"""The user's kind configuration: what is read out of it, what is refused, and what stays."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.kind_config import KindConfig
from upgrade_e2e.providers.kind.rewriting import rewritten

HEAD = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n"
OF_MANY_KINDS = """\
# a comment
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: shop
networking: {ipFamily: dual, disableDefaultCNI: yes, apiServerPort: 06443}
featureGates: {"SomeGate": true}
runtimeConfig:
  "api/alpha": "false"
containerdConfigPatches:
- |-
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
kubeadmConfigPatches:
- |
  kind: KubeProxyConfiguration
  conntrack: {maxPerCore: 0}
nodes:
- role: control-plane
  image: kindest/node:v1.31.0
  labels: {answer: yes, version: 1.10, date: 2026-01-02, octal: 0644}
  extraPortMappings:
  - {containerPort: 80, hostPort: 18080, listenAddress: "127.0.0.1"}
- &worker
  role: worker
  extraMounts:
  - {hostPath: ./data, containerPath: /data, readOnly: true}
  - {hostPath: /tmp, containerPath: /tmp2}
- *worker
"""


@pytest.fixture
def read(tmp_path):
    def of(text: str) -> KindConfig:
        file = tmp_path / "kind.yaml"
        file.write_text(text, encoding="utf-8")
        return KindConfig.read(file)

    return of


def as_text(text: str):
    """The document with every scalar as it is written, in whatever way that is read."""
    return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes texts only


def test_nodes_are_counted_and_named_as_kind_does(read):
    config = read(
        HEAD + "nodes: [{role: worker}, {role: control-plane}, {role: worker}, {role: worker}]"
    )
    assert (config.control_planes, config.workers) == (1, 3)
    assert config.short_names == ("worker", "control-plane", "worker2", "worker3")


@pytest.mark.parametrize("nodes", ["", "nodes:\n", "nodes: []\n", "nodes: [{}]\n"])
def test_no_node_and_no_role_are_one_control_plane(read, nodes):
    config = read(HEAD + nodes)
    assert (config.control_planes, config.workers) == (1, 0)
    (node,) = yaml.safe_load(rewritten(config.text, ["image:1"], {}))["nodes"]
    assert node.get("role", "control-plane") == "control-plane"
    assert node["image"] == "image:1"


def test_the_rest_that_a_pass_needs_is_read(read, tmp_path):
    config = read(OF_MANY_KINDS)
    assert (config.name, config.lacks_network) == ("shop", True)
    assert config.relative_mounts == ("./data",)
    assert config.nodes[0].image == "kindest/node:v1.31.0"
    assert config.folder == tmp_path


def test_everything_but_images_and_additions_stays_as_it_is_written(read):
    config = read(OF_MANY_KINDS)
    more = {
        "kubeadmConfigPatches": ["kind: X\nyes: no\n"],
        "kubeadmConfigPatchesJSON6902": [{"a": 1}],
    }
    changed = as_text(rewritten(config.text, ["new:1", "new:2", "new:3"], more))
    before = as_text(config.text)
    assert [node.pop("image") for node in changed["nodes"]] == ["new:1", "new:2", "new:3"]
    for node in before["nodes"]:
        node.pop("image", None)
    assert changed["kubeadmConfigPatches"].pop() == "kind: X\nyes: no\n"
    assert changed.pop("kubeadmConfigPatchesJSON6902") == [{"a": "1"}]
    assert changed == before


@given(st.text(max_size=60), st.text(max_size=20), st.sampled_from([None, "|", ">", '"', "'"]))
def test_any_text_in_any_style_comes_through(patch, value, style):
    document = {
        "kubeadmConfigPatches": [patch, f"a:\n\t{patch}\n"],
        "nodes": [{"role": "control-plane", "labels": {"x": value}, "image": "old:1"}],
    }
    text = yaml.dump(document, default_style=style, allow_unicode=True)
    changed = as_text(rewritten(text, ["new:1"], {}))
    assert changed["nodes"][0].pop("image") == "new:1"
    before = as_text(text)
    before["nodes"][0].pop("image")
    assert changed == before


@pytest.mark.parametrize(
    ("written", "quoted"),
    [("answer: yes", "'yes'"), ("octal: 0644", "'0644'"), ("date: 2026-01-02", "'2026-01-02'")],
)
def test_a_value_is_neither_quoted_nor_unquoted(read, written, quoted):
    changed = rewritten(read(OF_MANY_KINDS).text, ["x"] * 3, {})
    assert written in changed
    assert quoted not in changed


def test_lists_that_are_shared_by_an_anchor_are_not_added_to_twice():
    text = HEAD + (
        "kubeadmConfigPatches: &both ['a: 1']\n"
        "nodes: [{role: control-plane, kubeadmConfigPatches: *both}]\n"
    )
    changed = yaml.safe_load(rewritten(text, ["x"], {"kubeadmConfigPatches": ["b: 2"]}))
    assert changed["kubeadmConfigPatches"] == ["a: 1", "b: 2"]
    assert changed["nodes"][0]["kubeadmConfigPatches"] == ["a: 1"]


def test_the_digest_is_that_of_the_meaning(read):
    digest = read(OF_MANY_KINDS).digest
    same = OF_MANY_KINDS.replace("# a comment\n", "").replace("name: shop\n", "")
    assert read(same.replace("v1.31.0", "v1.32.0")).digest == digest
    assert read(same.replace("maxPerCore: 0", "maxPerCore: 1")).digest != digest
    assert read(same.replace("hostPort: 18080", "hostPort: 18081")).digest != digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("# nothing\n---\n", "is empty"),
        ("- 1\n", r"is no configuration but \[1\]"),
        ("just words", "is no configuration but 'just words'"),
        ("a: [", "is not YAML"),
        ("a: !mine 3", "is not YAML"),
        ("kind: Cluster\n", "has apiVersion None; only"),
        (
            "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha3\n",
            "v1alpha3.*write this line, and JSON6902 for Json6902",
        ),
        (
            "kind: Cluster\napiVersion: ctlptl.dev/v1alpha1\nkindV1Alpha4Cluster: {}\n",
            "a configuration of ctlptl; give what stands below kindV1Alpha4Cluster",
        ),
        ("kind: Deployment\napiVersion: apps/v1\n", "has kind 'Deployment'"),
        (HEAD + "---\n" + HEAD, "has 2 documents"),
        (HEAD + "nodes: 3\n", "nodes is no list but 3"),
        (HEAD + "nodes: [worker]\n", "node 1 is no mapping but 'worker'"),
        (HEAD + "nodes: [{role: master}]\n", "node 1 has the role 'master'"),
        (HEAD + "nodes: [{role: [worker]}]\n", r"has the role \['worker'\]"),
        (HEAD + "nodes: [{image: 3}]\n", "has the image 3"),
        (HEAD + "nodes: [{role: worker}]\n", "has no control plane"),
        (
            HEAD + "nodes: [{role: control-plane}, {}]\n",
            "2 control planes.*majority in etcd.*1 or 3",
        ),
        (HEAD + "nodes: [{}, {}, {}, {}]\n", "use 1 or 3"),
        (HEAD + "node: []\n", "unknown key 'node'; did you mean 'nodes'"),
        (HEAD + "featureGate: {}\n", "did you mean 'featureGates'"),
        (HEAD + "nodes: [{extraMount: []}]\n", "node 1,.* did you mean 'extraMounts'"),
        (HEAD + "kubeadmConfigPatches: 'kind: X'\n", "kubeadmConfigPatches is no list"),
        (HEAD + "nodes: [{extraMounts: 3}]\n", "node 1: extraMounts is no list but 3"),
        (HEAD + "nodes: [{kubeadmConfigPatches: 3}]\n", "kubeadmConfigPatches is no list but 3"),
        (HEAD + "nodes: [{kubeadmConfigPatches: ['kind: [']}]\n", "that are not YAML: .*correct"),
        (HEAD + "kubeadmConfigPatches: ['{']\n", "kubeadmConfigPatches that are not YAML"),
        (HEAD + "kubeadmConfigPatchesJSON6902: [{patch: '{'}]\n", "JSON6902 that are not YAML"),
        (HEAD + "containerdConfigPatches: ['[a']\n", "containerdConfigPatches that are not TOML"),
        (HEAD + "nodes: [{extraMounts: [{hostPath: ~/a}]}]\n", "mounts ~/a, and neither kind nor"),
        (HEAD + "nodes: [{extraMounts: [{hostPath: '$PWD/a'}]}]\n", "fill them in before"),
        (HEAD + "nodes:\n\t- role: worker\n", "is not YAML: .*indent with spaces"),
        (HEAD + "x: " + "[" * 3000, "is not YAML"),
        (HEAD + "networking: none\n", "networking is no mapping"),
    ],
)
def test_what_no_pass_could_begin_with_is_refused(read, text, said):
    with pytest.raises(BadInput, match=said):
        read(text)


def test_json_with_tabs_is_read_as_kind_reads_it(read):
    config = read(
        '{\n\t"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4",\n'
        '\t"nodes": [{"role": "control-plane"},\n'
        '\t\t{"role": "worker", "labels": {"a": "0644 \u00e9"}}]}'
    )
    assert (config.control_planes, config.workers) == (1, 1)
    changed = as_text(rewritten(config.text, ["x"] * 2, {}))
    assert changed["nodes"][1] == {"role": "worker", "labels": {"a": "0644 \u00e9"}, "image": "x"}


def test_nodes_of_a_merge_key_are_nodes_of_their_own(read):
    config = read(
        HEAD + "nodes:\n- role: control-plane\n- &w {role: worker, labels: {zone: a}}\n"
        "- <<: *w\n  labels: {zone: b}\n"
    )
    changed = yaml.safe_load(rewritten(config.text, ["x", "y", "z"], {}))
    assert [(node["role"], node["image"]) for node in changed["nodes"]] == [
        ("control-plane", "x"),
        ("worker", "y"),
        ("worker", "z"),
    ]
    assert [node["labels"]["zone"] for node in changed["nodes"][1:]] == ["a", "b"]


def test_a_byte_order_mark_and_other_line_ends_change_nothing(tmp_path):
    file, same = tmp_path / "kind.yaml", tmp_path / "same.yaml"
    file.write_bytes(OF_MANY_KINDS.encode())
    same.write_bytes(b"\xef\xbb\xbf" + OF_MANY_KINDS.replace("\n", "\r\n").encode())
    assert KindConfig.read(same).digest == KindConfig.read(file).digest


def test_one_document_between_empty_ones_is_one(read):
    config = read("---\n" + OF_MANY_KINDS + "---\n")
    assert config.workers == 2
    assert as_text(rewritten(config.text, ["x"] * 3, {}))["name"] == "shop"


def test_a_key_that_a_newer_kind_may_have_is_left_to_kind(read):
    config = read(HEAD + "somethingNew: {a: 1}\n")
    assert as_text(rewritten(config.text, ["x"], {}))["somethingNew"] == {"a": "1"}


@pytest.mark.parametrize("name", ["none.yaml", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, name):
    with pytest.raises(BadInput, match="cannot be read"):
        KindConfig.read(tmp_path / name)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "kind.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="is not YAML"):
        KindConfig.read(tmp_path / "kind.yaml")


def test_a_mount_that_only_the_current_folder_has_is_refused(tmp_path, monkeypatch):
    text = HEAD + "nodes: [{extraMounts: [{hostPath: ./data, containerPath: /data}]}]\n"
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "kind.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    file = Path("there/kind.yaml")
    assert KindConfig.read(file).relative_mounts == ("./data",)
    (tmp_path / "data").mkdir()
    with pytest.raises(BadInput, match=r"mounts \./data, .* relative to the file"):
        KindConfig.read(file)
    (tmp_path / "there" / "data").mkdir()
    assert KindConfig.read(file).folder == tmp_path / "there"


def test_a_mount_that_this_user_may_not_look_at_counts_as_there(read, tmp_path, hide):
    shut = tmp_path / "shut"
    mounts = ", ".join(
        f"{{hostPath: {path}}}" for path in (shut / "a", tmp_path / "gone", "shut/b")
    )
    hide(shut)
    config = read(HEAD + f"nodes: [{{extraMounts: [{mounts}]}}]\n")
    assert config.missing_mounts == (str(tmp_path / "gone"),)
    assert config.relative_mounts == ("shut/b",)
