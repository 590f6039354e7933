"""Every component is at the target, workloads are all there, and old credentials still work.

The story: a script that upgraded clusters looked at `kubectl get nodes` and was content. kube-proxy
had stayed at the old version on one node, a pod had been pending since the drain, and a week later
a certificate that the upgrade should have renewed ran out. Success is a state that is read back,
part by part.
"""

import pytest


@pytest.mark.observes
def test_every_component_is_at_the_target(upgraded):
    """Each node's kubelet, control plane part and addon is where kubeadm wants it in this cluster.

    An addon that kubeadm is to leave alone has stayed as it was, and none has appeared.
    """
    assert upgraded.failed_step is None, str(upgraded.failed_step)
    behind = [f"{p.name} on {p.node}: {p.found}, not {p.wanted}" for p in upgraded.found().behind]
    assert not behind, "; ".join(behind)
    assert not upgraded.found().appeared, "; ".join(upgraded.found().appeared)
    assert upgraded.found().nothing_left_to_do, "a second run of the upgrade finds work to do"


@pytest.mark.observes
def test_workloads_are_all_there(upgraded):
    """After the upgrade all workloads have their replicas and no pod is stuck."""
    found = upgraded.found()
    assert not found.missing_workloads, "; ".join(found.missing_workloads)
    assert not found.stuck_pods, "; ".join(found.stuck_pods)


@pytest.mark.observes
def test_old_credentials_still_work(upgraded, limits):
    """The kubeconfig from before works, and no certificate is about to expire."""
    found = upgraded.found()
    assert found.old_kubeconfig_works, "the kubeconfig from before no longer reaches the API"
    days, least = found.certificates_expire_in_d, limits.upgrade.certificate_days
    assert days is None or days >= least, f"{days:.0f} days are left, and must be at least {least}"
