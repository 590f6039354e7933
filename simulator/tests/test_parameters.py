"""Parameters of mechanisms are set by name, and versions are read."""

from __future__ import annotations

import pytest

from upgrade_e2e_simulator.errors import BadInput
from upgrade_e2e_simulator.parameters import Parameters, set_parameter
from upgrade_e2e_simulator.version import KubeVersion


def test_parameters_are_set_by_their_type():
    parameters = Parameters()
    set_parameter(parameters, "kubelet.burst", "5")
    set_parameter(parameters, "kubelet.hooks", "False")
    set_parameter(parameters, "network.drop_dns", 0.5)
    assert (parameters.kubelet.burst, parameters.kubelet.hooks) == (5, False)
    assert parameters.network.drop_dns == 0.5


@pytest.mark.parametrize(
    ("name", "value"),
    [("kubelet", 1), ("nothing.here", 1), ("kubelet.burst", "1.5"), ("kubelet.hooks", "maybe")],
)
def test_parameters_that_cannot_be_are_refused(name, value):
    with pytest.raises(BadInput):
        set_parameter(Parameters(), name, value)


@pytest.mark.parametrize("text", ["v1.34.4", "v1.34.1-gke.100", "v1.35.0-rc.1", "v1.34.4+k3s1"])
def test_a_version_reads_back_as_it_was_written(text):
    read = KubeVersion.parse(text)
    assert str(read) == text
    assert read.major == 1


@pytest.mark.parametrize("text", ["", "v1.34", "latest", "v1.34.x", "v1.34.4 beta"])
def test_what_is_no_version_is_refused(text):
    with pytest.raises(BadInput, match="not a Kubernetes version"):
        KubeVersion.parse(text)
