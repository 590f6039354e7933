"""The pure parts of ci/node-image: pins, keys, the cache, and what is changed in files."""

import io
import json
import sys
import tarfile
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "ci" / "node-image"
sys.path.insert(0, str(FOLDER))

from nodeimage import (  # noqa: E402
    components,
    gatekeeper,
    gobuild,
    keys,
    layers,
    node,
    nodebase,
    pins,
    programs,
    store,
)

PINS_FILE = FOLDER / "pins.toml"


def test_the_pins_of_this_repository_are_complete() -> None:
    known = pins.load(PINS_FILE)
    assert {"v1.33.13", "v1.34.4", "v1.35.4"} <= set(known.kubernetes)
    assert known.of("v1.34.4").etcd == "v3.6.5"


def test_an_unknown_version_says_what_to_add() -> None:
    with pytest.raises(
        pins.PinsError, match=r'Add a block \[kubernetes\."v1\.99\.0"\] with coredns'
    ):
        pins.load(PINS_FILE).of("v1.99.0")


def test_a_forgotten_pin_is_named() -> None:
    text = PINS_FILE.read_text(encoding="utf-8").replace('coredns = "v1.12.1"\n', "")
    with pytest.raises(pins.PinsError, match=r'lacks coredns in \[kubernetes\."v1\.34\.4"\]'):
        pins.parse(text)


def test_a_misspelt_pin_is_named() -> None:
    text = PINS_FILE.read_text(encoding="utf-8") + '\nhaprocksy = "x"\n'
    with pytest.raises(pins.PinsError, match="haprocksy"):
        pins.parse(text)


def test_a_key_changes_with_each_input_and_not_without() -> None:
    assert keys.content_key("a", ["b"]) == keys.content_key("a", ["b"])
    assert keys.content_key("a", ["b"]) != keys.content_key("a", "b")
    assert keys.content_key("ab", "c") != keys.content_key("a", "bc")


def test_a_files_name_and_content_both_count(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("x", encoding="utf-8")
    other.write_text("x", encoding="utf-8")
    before = keys.file_key(one)
    assert before != keys.file_key(other)
    one.write_text("y", encoding="utf-8")
    assert before != keys.file_key(one)


def test_two_versions_do_not_share_a_program_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gobuild, "go_version", lambda: "go1.99")
    assert programs.etcd("v3.6.5").key != programs.etcd("v3.6.6").key
    before = programs.etcd("v3.6.5").key
    monkeypatch.setattr(gobuild, "go_version", lambda: "go2.0")
    assert programs.etcd("v3.6.5").key != before


def test_the_siblings_of_kubernetes_come_from_where_they_are_published() -> None:
    text = "module k8s.io/kubernetes\n\nreplace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n)\n"
    made = gobuild.staged_go_mod(text, "k8s.io/kubernetes", "v1.34.4")
    assert "k8s.io/api => k8s.io/api v0.34.4" in made
    assert made.startswith("module build\n")
    assert "require k8s.io/kubernetes v1.34.4" in made


def test_the_cache_never_shows_a_half_made_artifact(tmp_path: Path) -> None:
    cache = store.Store(tmp_path)

    def interrupted(folder: Path) -> None:
        (folder / "half").write_text("x", encoding="utf-8")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.make("thing", "key", interrupted)
    assert list(tmp_path.iterdir()) == []


def test_the_cache_makes_an_artifact_once(tmp_path: Path) -> None:
    cache = store.Store(tmp_path)
    calls: list[Path] = []
    first = cache.make("thing", "key", calls.append)
    assert cache.make("thing", "key", calls.append) == first
    assert len(calls) == 1


def test_a_killed_builds_leftovers_go_and_unwanted_artifacts_can(tmp_path: Path) -> None:
    cache = store.Store(tmp_path)
    (tmp_path / ".go-dead").mkdir()
    for key in ("old", "new"):
        cache.make("thing", key, lambda _: None)
    with cache.locked():
        assert not (tmp_path / ".go-dead").exists()
        assert cache.remove_except({"thing-new"}) == ["thing-old"]
    assert [name for name, _ in cache.artifacts()] == ["thing-new"]


def test_an_images_tag_must_fit_the_pinned_program() -> None:
    images = components.by_short_name(
        [
            "registry.k8s.io/coredns/coredns:v1.12.1",
            "registry.k8s.io/pause:3.10.1",
            "registry.k8s.io/etcd:3.6.5-0",
        ]
    )
    known = pins.load(PINS_FILE)
    components.check_pins(known.of("v1.34.4"), images)
    with pytest.raises(pins.PinsError, match=r"wants registry\.k8s\.io/etcd:3\.6\.5-0"):
        components.check_pins(known.of("v1.33.13"), images)


def test_the_same_entries_give_the_same_layer(tmp_path: Path) -> None:
    entries = [layers.File("a/b", b"x", 0o755), layers.Link("c", "a/b")]
    one = layers.write(tmp_path / "one.tar", entries)
    other = layers.write(tmp_path / "other.tar", entries)
    assert one.digest == other.digest
    with tarfile.open(one.path) as tar:
        assert tar.getnames() == ["a", "a/b", "c"]


def test_the_right_to_bind_port_53_survives_the_layer(tmp_path: Path) -> None:
    granted = tuple(layers.NET_BIND_SERVICE.items())
    made = layers.write(tmp_path / "l.tar", [layers.File("coredns", b"x", 0o755, granted)])
    with tarfile.open(made.path) as tar:
        value = tar.getmember("coredns").pax_headers["SCHILY.xattr.security.capability"].encode()
    # struct vfs_cap_data: magic with the effective bit, permitted, inheritable, twice.
    assert value == bytes.fromhex("0100000200040000" + "00" * 12)


def test_a_root_loses_what_is_unwanted_and_gets_our_entries(tmp_path: Path) -> None:
    layers.write(
        tmp_path / "old.tar", [layers.File("etc/hostname", b"m"), layers.File("etc/passwd", b"old")]
    )
    out = io.BytesIO()
    extra = [layers.File("etc/passwd", b"new")]
    layers.filtered(tmp_path / "old.tar", out, ("etc/hostname",), extra)
    out.seek(0)
    with tarfile.open(fileobj=out) as tar:
        assert tar.getnames() == ["etc", "etc/passwd"]
        content = tar.extractfile("etc/passwd")
        assert content is not None
        assert content.read() == b"new"


def test_containerds_unit_asks_for_nothing_that_a_limited_machine_refuses() -> None:
    unit = b"ExecStart=/usr/local/bin/containerd\nLimitNOFILE=infinity\nOOMScoreAdjust=-999\nX=1\n"
    assert nodebase.changed(nodebase.CONTAINERD_UNIT, unit) == (
        b"ExecStart=/usr/bin/containerd\nX=1\n"
    )


def test_a_containers_defaults_have_kinds_hook_and_no_limits() -> None:
    made = json.loads(node.container_defaults('{"process": {"rlimits": [1], "cwd": "/"}}'))
    assert made["process"] == {"cwd": "/"}
    assert made["hooks"]["createContainer"] == [{"path": "/kind/bin/mount-product-files.sh"}]


def test_gatekeepers_manifest_takes_the_image_from_the_node() -> None:
    text = "  - image: openpolicyagent/gatekeeper:v3.23.1\n    imagePullPolicy: Always\n" * 2
    changed = gatekeeper.never_pulled(text)
    assert "Always" not in changed
    assert changed.count("imagePullPolicy: IfNotPresent") == 2
    with pytest.raises(RuntimeError, match="has no 'imagePullPolicy: Always'"):
        gatekeeper.never_pulled(changed)


def test_gatekeepers_image_has_the_name_that_its_manifest_has() -> None:
    line = "        image: openpolicyagent/gatekeeper:v3.23.1\n"
    assert gatekeeper.image_in(line * 2).tag == "openpolicyagent/gatekeeper:v3.23.1"
    for text in ("", line + "image: busybox:1\n"):
        with pytest.raises(RuntimeError, match="which is not one image"):
            gatekeeper.image_in(text)
