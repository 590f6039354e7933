"""How many nodes a pass has."""

from __future__ import annotations

import pytest

from tests.unit.kind.fakes import FakeMachine
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind import KindConfig, counted_nodes
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.run.counts import NodeCounts, count_nodes
from upgrade_e2e.run.request import settings_of, values_of

THREE_AND_ONE = (
    "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n"
    "nodes: [{role: control-plane}, {role: control-plane}, {role: control-plane}, {role: worker}]\n"
)


@pytest.fixture
def file(tmp_path):
    (tmp_path / "kind.yaml").write_text(THREE_AND_ONE)
    return tmp_path / "kind.yaml"


def nobody(name):
    raise AssertionError(f"{name} need not be counted")


@pytest.mark.parametrize(
    ("asked", "counts"), [((None, None), (1, 2)), ((3, None), (3, 2)), ((None, 4), (1, 4))]
)
def test_numbers_go_before_the_default(asked, counts):
    assert count_nodes(*asked, None, "", nobody) == NodeCounts(*counts)


@pytest.mark.parametrize("asked", [(None, None), (3, None), (None, 1), (3, 1)])
def test_the_configuration_counts(asked, file):
    config = KindConfig.read(file)
    assert count_nodes(*asked, config, "", nobody) == NodeCounts(3, 1)


@pytest.mark.parametrize(
    ("asked", "said"), [((1, None), "control-planes is 1, .* has 3"), ((None, 0), "workers is 0,")]
)
def test_numbers_that_the_configuration_does_not_have_are_refused(asked, said, file):
    with pytest.raises(BadInput, match=said):
        count_nodes(*asked, KindConfig.read(file), "", nobody)


def test_a_cluster_to_reuse_is_counted_where_nobody_says():
    assert count_nodes(None, None, None, "dev", lambda _: (3, 5)) == NodeCounts(3, 5)
    assert count_nodes(1, None, None, "dev", lambda _: (3, 5)) == NodeCounts(1, 5)
    assert count_nodes(3, 0, None, "dev", nobody) == NodeCounts(3, 0)


def test_a_cluster_that_cannot_be_counted_is_assumed():
    assert count_nodes(None, None, None, "dev", lambda _: None) == NodeCounts(1, 2, assumed=True)


def test_docker_counts_by_role_and_without_the_load_balancer():
    machine = FakeMachine()
    roles = ["control-plane"] * 3 + ["worker"]
    machine.make_cluster("dev", [{"role": role, "image": "x"} for role in roles])
    docker = Docker(machine.runner)
    assert counted_nodes("dev", docker) == (3, 1)
    assert counted_nodes("other", docker) is None
    machine.broken["docker ps"] = (1, "Cannot connect to the Docker daemon")
    assert counted_nodes("dev", docker) is None


def test_settings_have_the_counts_of_the_file_and_the_file(file, tmp_path):
    settings = settings_of(values_of({"kind-config": file}, tmp_path))
    assert (settings.control_planes, settings.workers) == (3, 1)
    assert settings.kind_config == KindConfig.read(file)
    with pytest.raises(BadInput, match="leave the option out"):
        settings_of(values_of({"kind-config": file, "workers": 2}, tmp_path))


def test_the_table_names_a_file_next_to_itself(file, tmp_path):
    (tmp_path / "upgrade-e2e.toml").write_text(
        'kind-config = "kind.yaml"\nafter-create = ["sh", "-c", "true | true"]\n'
    )
    settings = settings_of(values_of({}, tmp_path))
    assert settings.kind_config is not None
    assert settings.kind_config.folder == tmp_path
    assert settings.after_create == ("sh", "-c", "true | true")
