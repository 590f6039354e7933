"""etcd on a control plane: its programs out of its image, and snapshots of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from upgrade_e2e.cluster import Node, Role
from upgrade_e2e.cluster.etcd_access import (
    clean_node,
    etcd_image,
    fetch_snapshot,
    prepare_node,
    save_snapshot,
    take_programs,
)
from upgrade_e2e.command import Completed
from upgrade_e2e.errors import CommandFailed, E2eError

IMAGE = "registry.k8s.io/etcd:3.5.24-0"
MANIFEST = f"spec:\n  containers:\n  - name: etcd\n    image: {IMAGE}\n"


@dataclass
class FakeRunner:
    """Answers the commands that are run on a node; `fails` are words of one that exits with 1."""

    manifest: str = MANIFEST
    fails: str = ""
    calls: list[str] = field(default_factory=list)

    def run(self, *argv, timeout_s, check=True, stdout_file: Path | None = None, **_):
        line = " ".join(argv)
        self.calls.append(line)
        failed = bool(self.fails) and self.fails in line
        if argv[:2] == ("cat", "/etc/kubernetes/manifests/etcd.yaml"):
            return Completed(line, 0 if self.manifest else 1, self.manifest, "", 0.0)
        if failed and check:
            raise CommandFailed(line, 1, "it does not work", timeout_s)
        if stdout_file is not None:
            stdout_file.write_text(argv[-1])
        return Completed(line, int(failed), "", "", 0.0)

    def named(self, word):
        return [call for call in self.calls if word in call]


def node(**changes):
    return Node("cp", Role.CONTROL_PLANE, FakeRunner(**changes))


def test_the_image_is_that_of_the_static_pod():
    assert etcd_image(node()) == IMAGE


@pytest.mark.parametrize("manifest", ["", "spec: {}", "spec:\n  containers: []"])
def test_a_node_without_an_etcd_of_kubeadm_is_refused(manifest):
    with pytest.raises(E2eError, match="no static pod of etcd"):
        etcd_image(node(manifest=manifest))


def test_programs_come_out_of_the_image_and_nothing_stays_mounted(tmp_path):
    where = node()
    assert take_programs(where, ("etcd", "etcdutl"), tmp_path / "programs") == IMAGE
    (mount,) = where.runner.named(f"images mount {IMAGE}")
    root = mount.split()[-1]
    assert (tmp_path / "programs" / "etcd").read_text() == f"{root}/usr/local/bin/etcd"
    assert (tmp_path / "programs" / "etcdutl").stat().st_mode & 0o100
    assert where.runner.calls[-2:] == [
        f"ctr --namespace=k8s.io images unmount --rm {root}",
        f"rmdir {root}",
    ]


def test_an_image_without_a_program_says_what_to_do_and_is_unmounted(tmp_path):
    where = node(fails="test -f")
    with pytest.raises(E2eError, match=r"has no etcdutl .*etcd_programs=FOLDER"):
        take_programs(where, ("etcdutl",), tmp_path)
    assert where.runner.named("unmount")


def test_a_snapshot_is_taken_with_kubeadms_certificates_and_copied_out(tmp_path):
    where = node()
    prepare_node(where)
    save_snapshot(where, 20.0)
    fetch_snapshot(where, tmp_path / "a.db")
    (saved,) = where.runner.named("snapshot save")
    for word in ("healthcheck-client.crt", "--endpoints=https://localhost:2379", "timeout=20s"):
        assert word in saved
    assert (tmp_path / "a.db").read_text() == saved.split()[-1]
    assert (tmp_path / "a.db").stat().st_mode & 0o077 == 0
    clean_node(where)
    folder = saved.split()[-1].rpartition("/")[0]
    assert where.runner.calls[-1] == f"rm -rf {folder}"
    assert all(folder in call for call in where.runner.named("cp ") if "/etcdctl" in call)


def test_a_member_has_caught_up_before_a_snapshot_of_it_is_taken():
    where = node()
    save_snapshot(where, 20.0, "/var/lib/mine")
    read, saved = where.runner.calls
    assert "--consistency=l" in read
    assert "--command-timeout=10s" in read
    assert saved.endswith("snapshot save /var/lib/mine/snapshot.db")
    behind = node(fails="--consistency=l")
    with pytest.raises(CommandFailed):
        save_snapshot(behind, 20.0)
    assert not behind.runner.named("snapshot save")


def test_a_node_without_a_way_in_is_refused():
    with pytest.raises(E2eError, match="no way in"):
        save_snapshot(Node("cp", Role.CONTROL_PLANE), 5.0)


def test_a_snapshot_that_fails_is_a_failure():
    with pytest.raises(CommandFailed, match="it does not work"):
        save_snapshot(node(fails="snapshot save"), 5.0)
