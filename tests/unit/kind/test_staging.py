"""Taking things out of the targets' images, and bringing them onto the nodes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from e2e.errors import BadInput
from e2e.providers.kind.creation import handle
from e2e.providers.kind.delivery import deliver, preload
from e2e.providers.kind.docker import Docker
from e2e.providers.kind.opened import parse_image_list
from e2e.providers.kind.staging import Staging, short_name
from e2e.version import KubeVersion
from tests.unit.kind.fakes import FakeImage

V33, V34, V35 = map(KubeVersion.parse, ("v1.33.13", "v1.34.4", "v1.35.4"))
NODES = [
    {"role": "control-plane", "image": "kindest/node:v1.33.13"},
    {"role": "worker", "image": "kindest/node:v1.33.13"},
]


@pytest.fixture
def staging(settings, machine, tmp_path):
    folder = tmp_path / "stage"
    folder.mkdir()
    made = Staging(Docker(machine.runner), settings, folder)
    yield made
    made.stop()


def test_only_images_that_differ_are_exported(staging, machine, ledger):
    same = machine.images["kindest/node:v1.33.13"].inside["registry.k8s.io/pause:3.10"]
    machine.images["kindest/node:v1.34.4"].inside["registry.k8s.io/pause:3.10"] = same
    staging.start(V33, [V34])
    staged = staging.target(V34)
    exported = parse(staged.everywhere) | parse(staged.on_control_planes)
    assert "registry.k8s.io/pause:3.10" not in exported
    assert exported | {"registry.k8s.io/pause:3.10"} == set(staged.images)
    assert machine.containers == {}
    assert ledger.entries() == ()


def test_workers_get_no_control_plane_images(staging):
    staging.start(V33, [V34])
    staged = staging.target(V34)
    assert {short_name(n) for n in parse(staged.on_control_planes)} == {
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "etcd",
    }
    assert "kube-proxy" in {short_name(n) for n in parse(staged.everywhere)}


def test_a_later_hop_is_compared_with_all_before_it(staging, machine):
    old = machine.images["kindest/node:v1.34.4"]
    new = FakeImage.of("v1.35.4", etcd="3.6.6-0", coredns="v1.12.1")
    coredns = "registry.k8s.io/coredns/coredns:v1.12.1"
    new.inside[coredns] = old.inside[coredns]
    machine.images["kindest/node:v1.35.4"] = new
    staging.start(V33, [V34, V35])
    assert coredns in parse(staging.target(V34).everywhere)
    assert coredns not in parse(staging.target(V35).everywhere)


def test_the_same_name_with_another_content_is_copied(staging, machine):
    name = "registry.k8s.io/pause:3.10"
    machine.images["kindest/node:v1.34.4"].inside[name] = "sha256:rebuilt"
    staging.start(V33, [V34])
    assert name in parse(staging.target(V34).everywhere)


def test_a_node_image_without_what_its_kubeadm_wants_is_refused(staging, machine):
    machine.images["kindest/node:v1.34.4"].wants.append("registry.k8s.io/extra:1")
    staging.start(V33, [V34])
    with pytest.raises(BadInput, match=r"lacks registry\.k8s\.io/extra:1"):
        staging.target(V34)


def test_only_targets_of_the_path_can_be_had(staging):
    staging.start(V33, [V34])
    with pytest.raises(BadInput, match=r"no step that stages v1\.35\.4"):
        staging.target(V35)


def test_nothing_is_taken_out_for_a_plan_that_stages_nothing(staging, machine):
    staging.start(V33, [])
    staging.stop()
    assert machine.commands == []


def test_delivery_reaches_every_node_and_is_read_back(staging, settings, machine, tmp_path):
    machine.make_cluster("dev", NODES)
    docker = Docker(machine.runner)
    staging.start(V33, [V34])
    staged = staging.target(V34)
    deliver(docker, staged, handle(docker, "dev", tmp_path / "kubeconfig"))
    control, worker = machine.containers["dev-control-plane"], machine.containers["dev-worker"]
    names = {path.rpartition("/")[2] for path in worker.files}
    assert names == {"kubeadm", "kubelet", "kubectl", "upgrade.yaml"}
    assert set(staged.images) <= control.inside.keys()
    assert "registry.k8s.io/kube-apiserver:v1.34.4" not in worker.inside
    assert "registry.k8s.io/kube-proxy:v1.34.4" in worker.inside
    staged.discard()
    assert not any(staging.folder.iterdir())


def test_an_import_that_lost_an_image_is_noticed(staging, machine, tmp_path):
    machine.make_cluster("dev", NODES)
    docker = Docker(machine.runner)
    staging.start(V33, [V34])
    staged = staging.target(V34)
    assert staged.everywhere is not None
    staged.everywhere.write_text("{}")
    with pytest.raises(BadInput, match=r"still lacks .*kube-proxy"):
        deliver(docker, staged, handle(docker, "dev", tmp_path / "kubeconfig"))


def test_images_are_preloaded_onto_every_node(settings, machine, tmp_path):
    machine.make_cluster("dev", NODES)
    docker = Docker(machine.runner)
    chosen = replace(settings, preload_images=("python:3.11-slim",))
    staging = Staging(docker, chosen, tmp_path)
    staging.start(V33, [V34])
    preload(staging.preloads(), handle(docker, "dev", tmp_path / "kubeconfig"))
    staging.stop()
    assert all("python:3.11-slim" in c.inside for c in machine.containers.values())


def test_an_image_to_preload_that_cannot_be_had_is_refused(settings, machine, tmp_path):
    chosen = replace(settings, preload_images=("nowhere:1",))
    staging = Staging(Docker(machine.runner), chosen, tmp_path)
    staging.start(V33, [V34])
    with pytest.raises(BadInput, match="nowhere:1 is not on this machine and cannot be pulled"):
        staging.preloads()
    staging.stop()


def test_image_lists_are_read_without_entries_named_by_digest():
    text = (
        "REF TYPE DIGEST SIZE PLATFORMS LABELS\n"
        "registry.k8s.io/pause:3.10 application/x sha256:aa 1.5 MiB linux/amd64 -\n"
        "sha256:bb application/x sha256:aa 1.5 MiB linux/amd64 -\n"
    )
    assert parse_image_list(text) == {"registry.k8s.io/pause:3.10": "sha256:aa"}


def parse(archive):
    """The names of the images in an archive of the fake machine."""
    return set(json.loads(archive.read_text()))
