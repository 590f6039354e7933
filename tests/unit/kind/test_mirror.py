"""Images get the names that the cluster asks for, so that nothing must be pulled."""

from __future__ import annotations

import pytest

from tests.unit.kind.fakes import FakeImage
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.providers.kind.creation import nodes_to_come
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.mirror import ImagesOnNodes, name_for_mirror, tags_to_make

USUAL = {
    "kube-proxy": "registry.k8s.io/kube-proxy:v1.34.4",
    "coredns": "registry.k8s.io/coredns/coredns:v1.12.1",
}
WANTED = {
    "kube-proxy": "mirror.test/k8s/kube-proxy:v1.34.4",
    "coredns": "mirror.test/dns/coredns:v1.12.1",
}


def test_each_image_of_the_node_image_gets_the_mirrors_name():
    assert tags_to_make(USUAL, WANTED, USUAL.values()) == {
        WANTED["kube-proxy"]: USUAL["kube-proxy"],
        WANTED["coredns"]: USUAL["coredns"],
    }


def test_a_name_without_a_registry_is_made_as_the_runtime_looks_it_up():
    wanted = {"kube-proxy": "corp/kube-proxy:v1.34.4"}
    made = {"docker.io/corp/kube-proxy:v1.34.4": USUAL["kube-proxy"]}
    assert tags_to_make(USUAL, wanted, USUAL.values()) == made
    assert tags_to_make(USUAL, wanted, {*USUAL.values(), *made}) == {}


@pytest.mark.parametrize(
    "name",
    ["mirror.test/dns/coredns:v1.12.0-corp.1", "mirror.test/dns/coredns:v1.12.1@sha256:0a"],
)
def test_another_build_is_the_clusters_to_pull(name):
    assert tags_to_make(USUAL, {"coredns": name}, USUAL.values()) == {}


def test_what_is_there_under_its_name_stays_what_it_is():
    present = {*USUAL.values(), *WANTED.values()}
    assert tags_to_make(USUAL, WANTED, present) == {}


def test_a_node_without_the_image_gets_no_name_for_it():
    assert tags_to_make(USUAL, WANTED, [USUAL["coredns"]]) == {WANTED["coredns"]: USUAL["coredns"]}


@pytest.fixture
def cluster(machine, settings, tmp_path):
    """Two nodes that hold the images of the target's node image."""
    machine.make_cluster(
        "dev", [{"role": role, "image": "old"} for role in ("control-plane", "worker")]
    )
    machine.images["old"] = FakeImage("v1.33.13")
    for name in USUAL.values():
        machine.images["old"].add(name)
    nodes = nodes_to_come(Docker(machine.runner), settings, "dev")[:2]
    return Cluster("dev", tmp_path, nodes)


def test_every_node_has_the_names_and_the_journal_says_so(cluster, machine):
    said: list[str] = []
    wanted = {**WANTED, "coredns": "mirror.test/dns/coredns:v9"}
    name_for_mirror(cluster, USUAL, wanted, said.append)
    for node in ("dev-control-plane", "dev-worker"):
        inside = machine.containers[node].inside
        assert inside[WANTED["kube-proxy"]] == inside[USUAL["kube-proxy"]]
        assert f"{node}: {USUAL['kube-proxy']} is {WANTED['kube-proxy']} as well" in said
        assert any(line.startswith(f"{node}: {wanted['coredns']} is not in the") for line in said)
    assert len(said) == 4


def test_a_cluster_without_a_mirror_needs_nothing(cluster, machine):
    said: list[str] = []
    name_for_mirror(cluster, USUAL, USUAL, said.append)
    assert said == []
    assert machine.ran("tag") == []


def test_names_of_one_image_are_known_on_the_node_that_has_them(cluster, machine):
    name_for_mirror(cluster, USUAL, WANTED, lambda _: None)
    images = ImagesOnNodes(cluster)
    assert images.are_same("dev-worker", USUAL["coredns"], WANTED["coredns"])
    assert not images.are_same("dev-worker", USUAL["coredns"], WANTED["kube-proxy"])
    assert not images.are_same("dev-worker", "x/unknown:1", "x/unknown:2")
    assert not images.are_same("elsewhere", USUAL["coredns"], WANTED["coredns"])
    assert images.are_same("elsewhere", "nginx:1", "docker.io/library/nginx:1")
