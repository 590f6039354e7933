"""Taking things out of the targets' images, and bringing them onto the nodes."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tests.unit.kind.fakes import FakeImage, read_archive
from upgrade_e2e.errors import BadInput, CommandFailed, Hopeless
from upgrade_e2e.providers.kind.creation import nodes_to_come
from upgrade_e2e.providers.kind.delivery import deliver
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.images import NodeImages
from upgrade_e2e.providers.kind.node_image import parse_image_list
from upgrade_e2e.providers.kind.oci import Descriptor
from upgrade_e2e.providers.kind.pulls import Pulls
from upgrade_e2e.providers.kind.staging import Staging
from upgrade_e2e.providers.kind.takeout import TakeOut, by_digest, short_name
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Marks, UsedImage
from upgrade_e2e.version import KubeVersion

V33, V34, V35 = map(KubeVersion.parse, ("v1.33.13", "v1.34.4", "v1.35.4"))
NODES = [
    {"role": "control-plane", "image": "kindest/node:v1.33.13"},
    {"role": "worker", "image": "kindest/node:v1.33.13"},
]
PAUSE = "registry.k8s.io/pause:3.10"


def node_images(settings, docker):
    """The node images of a pass that reports to nobody."""
    return NodeImages(settings, docker, Pulls(docker, Marks(Origin())))


@pytest.fixture
def docker(machine):
    return Docker(machine.runner)


@pytest.fixture
def take_out(settings, docker, tmp_path):
    """Look at v1.33.13, then take out these versions; the last one is returned."""
    folder = tmp_path / "stage"
    folder.mkdir()
    work = TakeOut(docker, settings, folder, node_images(settings, docker))

    def taken(*versions):
        work.list_source(V33)
        return [work.take_out(version) for version in versions][-1]

    return taken


@pytest.fixture
def staging(settings, docker, machine, tmp_path):
    """The background work for a cluster `dev` of a control plane and a worker."""
    folder = tmp_path / "staging"
    folder.mkdir()
    shape = replace(settings, workers=1, preload_images=("python:3.11-slim",))
    nodes = nodes_to_come(docker, shape, "dev")
    made = Staging(docker, shape, folder, nodes, node_images(shape, docker))
    yield made
    made.stop()
    made.join()


def names_in(archive):
    return set(read_archive(archive))


def test_only_images_that_differ_are_taken_out(take_out, machine, ledger):
    staged = take_out(V34)
    exported = names_in(staged.everywhere) | names_in(staged.on_control_planes)
    assert PAUSE not in exported
    assert exported | {PAUSE} == set(staged.images)
    assert machine.containers == {}
    assert ledger.entries() == ()


def test_workers_get_no_control_plane_images(take_out):
    staged = take_out(V34)
    assert {short_name(name) for name in names_in(staged.on_control_planes)} == {
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "etcd",
    }
    assert "kube-proxy" in {short_name(name) for name in names_in(staged.everywhere)}


def test_a_later_hop_is_compared_with_all_before_it(take_out, machine):
    machine.images["kindest/node:v1.35.4"] = FakeImage.of("v1.35.4", coredns="v1.12.1")
    coredns = "registry.k8s.io/coredns/coredns:v1.12.1"
    assert coredns not in names_in(take_out(V34, V35).everywhere)


def test_the_same_name_with_another_content_is_taken(take_out, machine):
    machine.images["kindest/node:v1.34.4"].add(PAUSE, "rebuilt")
    assert PAUSE in names_in(take_out(V34).everywhere)


def test_the_same_version_again_needs_no_image(take_out):
    staged = take_out(V33)
    assert (staged.everywhere, staged.on_control_planes) == (None, None)
    assert staged.images


def test_a_node_image_without_what_its_kubeadm_wants_is_refused(take_out, machine):
    machine.images["kindest/node:v1.34.4"].wants.append("registry.k8s.io/extra:1")
    with pytest.raises(BadInput, match=r"lacks registry\.k8s\.io/extra:1"):
        take_out(V34)


def test_a_node_image_with_a_hole_in_it_is_refused(take_out, machine):
    image = machine.images["kindest/node:v1.34.4"]
    image.blobs = {d: data for d, data in image.blobs.items() if not data.startswith(b"layer")}
    with pytest.raises(BadInput, match=r"holds registry\.k8s\.io/.* without its part sha256:"):
        take_out(V34)


def test_an_import_that_lost_an_image_is_noticed(take_out, docker, machine, settings):
    machine.make_cluster("dev", NODES)
    staged = replace(take_out(V34), everywhere=None)
    nodes = nodes_to_come(docker, replace(settings, workers=1), "dev")
    with pytest.raises(BadInput, match=r"still lacks .*kube-proxy"):
        deliver(docker, staged, nodes)


def test_everything_reaches_every_node_and_no_file_stays(staging, machine):
    staging.start(V33, [V34])
    machine.make_cluster("dev", NODES)
    staging.wait_until_preloaded()
    staging.wait_until_delivered(V34)
    control, worker = machine.containers["dev-control-plane"], machine.containers["dev-worker"]
    for node in (control, worker):
        names = {path.rpartition("/")[2] for path in node.files}
        assert names == {"kubeadm", "kubelet", "kubectl", "upgrade.yaml"}
        assert {"python:3.11-slim", "registry.k8s.io/kube-proxy:v1.34.4"} <= node.inside.keys()
    assert "registry.k8s.io/kube-apiserver:v1.34.4" in control.inside
    assert "registry.k8s.io/kube-apiserver:v1.34.4" not in worker.inside
    left = list(staging.folder.iterdir())
    assert left == [image.archive for image in staging.kept], "for a node that joins"
    assert [file.name for file in left] == ["preload-0.tar"]


def test_where_no_node_joins_no_archive_is_kept(staging, machine):
    staging.settings = replace(staging.settings, join_node=False)
    staging.start(V33, [V34])
    machine.make_cluster("dev", NODES)
    staging.wait_until_preloaded()
    staging.wait_until_delivered(V34)
    assert not any(staging.folder.iterdir())
    assert staging.kept == ()


def test_nodes_are_waited_for(staging, machine):
    staging.start(V33, [V34])
    assert not staging._delivered[V34].done()
    machine.make_cluster("dev", NODES)
    staging.wait_until_delivered(V34)


def test_several_targets_are_delivered_each(staging, machine):
    machine.images["kindest/node:v1.35.4"] = FakeImage.of("v1.35.4", etcd="3.6.6-0")
    machine.make_cluster("dev", NODES)
    staging.start(V33, [V34, V35])
    staging.wait_until_delivered(V35)
    inside = machine.containers["dev-control-plane"].inside
    assert {f"registry.k8s.io/kube-apiserver:{v}" for v in (V34, V35)} <= inside.keys()


def test_only_what_the_plan_stages_can_be_waited_for(staging, machine):
    machine.make_cluster("dev", NODES)
    staging.start(V33, [])
    staging.wait_until_preloaded()
    assert not machine.ran("create", "--entrypoint")
    with pytest.raises(BadInput, match=r"no step that stages v1\.34\.4"):
        staging.wait_until_delivered(V34)


def test_an_image_to_preload_that_cannot_be_had_is_refused(staging, machine):
    del machine.images["python:3.11-slim"]
    staging.images.pulls.start({"python:3.11-slim": "Name another one."})
    staging.start(V33, [])
    with pytest.raises(BadInput, match="slim is not on this machine and cannot be pulled"):
        staging.wait_until_preloaded()


def test_an_image_that_is_pinned_by_digest_is_on_the_nodes_under_that_name(
    settings, docker, machine, tmp_path, ledger
):
    pinned = "python:3.11-slim@sha256:aa"
    machine.images[pinned] = FakeImage(None)
    shape = replace(settings, workers=1, preload_images=(pinned,))
    machine.make_cluster("dev", NODES)
    nodes = nodes_to_come(docker, shape, "dev")
    work = Staging(docker, shape, tmp_path, nodes, node_images(shape, docker))
    work.start(V33, [])
    work.wait_until_preloaded()
    work.join()
    for name in ("dev-control-plane", "dev-worker"):
        inside = machine.containers[name].inside
        assert "docker.io/library/python@sha256:aa" in inside
        assert not any("scratch" in image for image in inside)
    assert not any("scratch" in image for image in machine.images)
    assert ledger.entries() == ()


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("python:3.11-slim@sha256:a", "docker.io/library/python@sha256:a"),
        ("me/edge@sha256:a", "docker.io/me/edge@sha256:a"),
        ("r.example:5000/me/edge:1@sha256:a", "r.example:5000/me/edge@sha256:a"),
        ("localhost/edge:1@sha256:a", "localhost/edge@sha256:a"),
    ],
)
def test_a_pinned_image_has_the_name_that_containerd_looks_for(image, name):
    assert by_digest(image) == name


def test_what_is_still_being_pulled_is_waited_for(staging, machine):
    machine.make_cluster("dev", NODES)
    machine.registry["kindest/node:v1.34.4"] = machine.images.pop("kindest/node:v1.34.4")
    held = machine.held["kindest/node:v1.34.4"] = threading.Event()
    staging.images.pulls.start({"kindest/node:v1.34.4": ""})
    staging.start(V33, [V34])
    staging.wait_until_preloaded()
    assert not staging._delivered[V34].done()
    held.set()
    staging.wait_until_delivered(V34)
    used = staging.images.pulls.marks.images["v1.34.4"]
    assert used == UsedImage("kindest/node:v1.34.4", "sha256:of-kindest/node:v1.34.4")


def test_a_target_that_was_pulled_and_holds_another_version_is_refused(staging, machine):
    del machine.images["kindest/node:v1.34.4"]
    machine.registry["kindest/node:v1.34.4"] = FakeImage.of("v1.34.3")
    staging.images.pulls.start({"kindest/node:v1.34.4": ""})
    staging.start(V33, [V34])
    with pytest.raises(BadInput, match=r"given for v1\.34\.4 but holds v1\.34\.3"):
        staging.wait_until_delivered(V34)


def test_what_went_wrong_in_the_background_is_raised_where_it_is_waited_for(staging, machine):
    machine.broken["docker cp"] = (1, "no space left on device")
    staging.start(V33, [V34])
    with pytest.raises(CommandFailed, match="no space left"):
        staging.wait_until_delivered(V34)


def test_stopping_does_not_wait_for_nodes_that_never_come(staging):
    staging.start(V33, [V34])
    staging.stop()
    ended = threading.Thread(target=staging.join)
    ended.start()
    ended.join(30)
    assert not ended.is_alive()
    for future in staging._delivered.values():
        assert future.cancelled() or isinstance(future.exception(), (Hopeless, CommandFailed))


def test_image_lists_are_read_without_entries_named_by_digest():
    text = (
        "REF TYPE DIGEST SIZE PLATFORMS LABELS\n"
        "registry.k8s.io/pause:3.10 application/x sha256:aa 1.5 MiB linux/amd64 -\n"
        "sha256:bb application/x sha256:aa 1.5 MiB linux/amd64 -\n"
    )
    assert parse_image_list(text) == {PAUSE: Descriptor("application/x", "sha256:aa")}


def test_the_users_upgrade_configuration_reaches_the_nodes(staging, machine, tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text(
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\n"
        "apply: {certificateRenewal: false}\n"
    )
    staging._take_out.settings = replace(staging.settings, upgrade_config=own)
    staging.start(V33, [V34])
    machine.make_cluster("dev", NODES)
    staging.wait_until_delivered(V34)
    text = machine.containers["dev-worker"].files["/kind/upgrade/v1.34.4/upgrade.yaml"]
    assert "certificateRenewal: false" in text
    assert "kubernetesVersion: v1.34.4" in text
