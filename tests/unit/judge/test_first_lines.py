"""Claims that are no plain comparison: their first line too has the figure and its limit."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from scenarios import test_kubelet_growth, test_node_resources, test_upgrade_path
from tests.unit.judge.test_node_usage import STARTED, usage
from upgrade_e2e.judge import Limits
from upgrade_e2e.judge.growth import MIB, Growth, Slope
from upgrade_e2e.judge.node_usage import Throttled

LIMITS = Limits.default()


class Usage:
    """What nodes used: one throttled container, and one kubelet that grows."""

    title = "resources"
    throttled = (Throttled("dns", "worker", 0.5), Throttled("web", "worker", 0.1))
    explain = staticmethod(usage(STARTED).explain)

    def kubelet_growth(self, _):
        """A kubelet that grows by 2 MiB more with each cycle."""
        flat, steep = Slope(0.0, 0.0, 0.0, 9), Slope(2 * MIB, 2 * MIB, 2 * MIB, 9)
        return [Growth("worker", flat, steep)]


def first_line(claim, upgraded):
    """The first line of why a claim is broken."""
    with pytest.raises(AssertionError) as broken:
        claim(upgraded, LIMITS)
    return str(broken.value).partition("\nassert ")[0].splitlines()[0]


def test_a_throttled_container(monkeypatch):
    monkeypatch.setattr(test_node_resources, "used_in", lambda _: Usage())
    assert first_line(test_node_resources.test_no_container_is_throttled, None) == (
        "resources: 1 found: dns on worker: throttled in 50% of its periods, and may be in 25%"
    )


def test_a_kubelet_that_grows(monkeypatch):
    monkeypatch.setattr(test_kubelet_growth.NodeUsage, "of", lambda _: Usage())
    upgraded = SimpleNamespace(capabilities=SimpleNamespace(simulated=False), saw=lambda _: None)
    said = first_line(test_kubelet_growth.test_kubelets_do_not_grow_more_than_before, upgraded)
    assert said.startswith("resources: 1 found: kubelet on worker: before +0.00 MiB a cycle")
    most = LIMITS.resources.growth_mib
    assert said.endswith(f"; 2.00 MiB more, and may be at most {most:g} MiB")


def test_a_certificate_that_runs_out():
    found = SimpleNamespace(old_kubeconfig_works=True, certificates_expire_in_d=3.2)
    least = LIMITS.upgrade.certificate_days
    said = first_line(
        test_upgrade_path.test_old_credentials_still_work, SimpleNamespace(found=lambda: found)
    )
    assert said == f"3 days are left, and must be at least {least}"
