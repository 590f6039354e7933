"""What a kind configuration leaves to somebody else is said by the plan."""

from __future__ import annotations

import pytest
import yaml

from upgrade_e2e.providers.kind.demands import demands_of

PULLS = "NodeRestriction,AlwaysPullImages"


def config(patch):
    nodes = [{"role": "control-plane", "kubeadmConfigPatches": [yaml.safe_dump(patch)]}]
    return yaml.safe_dump({"nodes": nodes})


def of_server(arguments):
    return {"kind": "ClusterConfiguration", "apiServer": {"extraArgs": arguments}}


def test_serving_certificates_need_somebody_who_approves_them():
    text = config({"kind": "KubeletConfiguration", "serverTLSBootstrap": True})
    (said,) = demands_of(text, has_command=False).values()
    assert "approve them with --after-create" in said
    assert demands_of(text, has_command=True) == {}


@pytest.mark.parametrize(
    "arguments",
    [
        {"enable-admission-plugins": PULLS},
        [{"name": "enable-admission-plugins", "value": PULLS}],
    ],
)
def test_images_that_are_always_pulled_need_their_registry(arguments):
    assert list(demands_of(config(of_server(arguments)), has_command=True)) == ["image-pulls"]


@pytest.mark.parametrize(
    "patch",
    [
        {"kind": "KubeletConfiguration", "serverTLSBootstrap": False},
        of_server({"enable-admission-plugins": "NodeRestriction"}),
        of_server({"disable-admission-plugins": PULLS}),
        of_server(None),
    ],
)
def test_others_demand_nothing(patch):
    assert demands_of(config(patch), has_command=False) == {}
