"""Which provider runs when none is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from upgrade_e2e.providers.kind import KindConfig
from upgrade_e2e.run.choice import choose
from upgrade_e2e.run.settings import PassSettings
from upgrade_e2e.upgrade import Fault


def nothing_missing():
    return ""


def no_docker():
    return "docker is not installed"


def test_kind_where_it_can():
    assert choose(PassSettings(), nothing_missing).provider == "kind"


def test_a_simulated_cluster_elsewhere_and_why():
    choice = choose(PassSettings(), no_docker)
    assert choice.provider == "sim"
    assert "because docker is not installed" in choice.why
    assert "--provider kind" in choice.why


@pytest.mark.parametrize(
    "settings",
    [
        PassSettings(reuse_cluster="mine"),
        PassSettings(fast_control_plane=True),
        PassSettings(node_images={"v1.34.4": "mine:1"}),
        PassSettings(node_image="mine:{version}"),
        PassSettings(after_create=("true",)),
        PassSettings(kind_config=KindConfig(Path("kind.yaml"), "", (), "")),
    ],
)
def test_what_only_kind_can_do_asks_for_kind(settings):
    assert choose(settings, no_docker).provider == "kind"


def test_a_fault_that_only_a_simulated_cluster_has_asks_for_one():
    faults = (Fault("dns-delay", "200ms"), Fault("no-prestop"))
    choice = choose(PassSettings(faults=faults), nothing_missing)
    assert choice.provider == "sim"
    assert "dns-delay" in choice.why
    on_both = PassSettings(faults=(Fault("kubelet-qps", "1"), Fault("no-prestop")))
    assert choose(on_both, nothing_missing).provider == "kind"
