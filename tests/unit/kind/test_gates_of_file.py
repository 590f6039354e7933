"""Gates of a kind configuration are asked of each version before anything is made."""

from __future__ import annotations

import pytest
import yaml

from tests.unit.kind.fakes import FakeImage
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind import KindConfig
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.gates_of_file import configured_gates, require_gates_taken
from upgrade_e2e.providers.kind.kind_config import API_VERSION
from upgrade_e2e.version import KubeVersion

VERSIONS = [KubeVersion.parse(text) for text in ("v1.34.4", "v1.35.4")]
IMAGES = [(version, f"kindest/node:{version}") for version in VERSIONS]


def document(**more):
    return {"kind": "Cluster", "apiVersion": API_VERSION, **more}


def of_kubelet(**gates):
    return yaml.safe_dump({"kind": "KubeletConfiguration", "featureGates": gates})


def test_gates_of_all_components_and_of_kubelets_count():
    more = yaml.safe_dump(
        {
            "kind": "ClusterConfiguration",
            "apiServer": {"extraArgs": {"feature-gates": "OfOne=true"}},
        }
    )
    text = yaml.safe_dump(
        document(
            featureGates={"One": True},
            kubeadmConfigPatches=[of_kubelet(Two=False), more],
            nodes=[{"role": "control-plane", "kubeadmConfigPatches": [of_kubelet(Three=True)]}],
        )
    )
    assert configured_gates(text) == ("One=true", "Two=false", "Three=true")


def test_without_gates_there_are_none():
    assert configured_gates("kind: Cluster\nfeatureGates:\n# none yet\n") == ()


@pytest.fixture
def ask(machine, ledger, tmp_path, monkeypatch):
    """Asks about these gates where the images know `Stays`, and the first one `Goes` too."""
    for version, image in IMAGES:
        machine.images[image] = FakeImage.of(str(version))
    known = {IMAGES[0][1]: {"Stays", "Goes"}, IMAGES[1][1]: {"Stays"}}

    def inside(name, argv, *_):
        container = machine.containers[name]
        assert container.running
        given = {gate.partition("=")[0] for gate in argv[1].partition("=")[2].split(",")}
        unknown = sorted(given - known[container.image])
        if not unknown:
            return 1, f"failed to load kubelet config file, path: {argv[2]}"
        why = f"unrecognized feature gate: {unknown[0]}"
        return 1, f"failed to set feature gates from initial flags-based config: {why}"

    monkeypatch.setattr(machine, "inside", inside)

    def asked(**gates):
        file = tmp_path / "kind.yaml"
        file.write_text(yaml.safe_dump(document(featureGates=gates)), encoding="utf-8")
        require_gates_taken(KindConfig.read(file), Docker(machine.runner), ledger, IMAGES)

    return asked


def test_gates_that_all_versions_take_are_asked_of_each_and_nothing_is_left(ask, machine, ledger):
    ask(Stays=True)
    assert len(machine.ran("--feature-gates=Stays=true")) == len(IMAGES)
    assert machine.containers == {}
    assert ledger.entries() == ()


def test_a_gate_that_a_version_of_the_path_does_not_take_is_refused(ask, machine):
    with pytest.raises(BadInput) as caught:
        ask(Stays=True, Goes=True)
    assert "v1.35.4 does not take the feature gates Goes=true (unrecognized" in str(caught.value)
    assert "Stays" not in str(caught.value)
    assert machine.containers == {}


def test_a_gate_that_the_first_version_does_not_take_is_refused(ask):
    with pytest.raises(BadInput, match=r"v1\.34\.4 does not take the feature gates Old=true"):
        ask(Old=True)


def test_without_gates_no_image_is_started(ask, machine):
    ask()
    assert machine.commands == []
