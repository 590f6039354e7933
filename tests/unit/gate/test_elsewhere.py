"""Time without the API that the steps of a single control plane do not account for."""

import pytest

from tests.unit.gate.made import observer, record
from upgrade_e2e.gate import run_of
from upgrade_e2e.report import OutageRow
from upgrade_e2e.timeline import Span

PLANE = "control-plane"
APPLY = f"kubeadm-apply {PLANE}"
SWAP = f"swap-kubelet {PLANE}"
SPANS = (
    Span(APPLY, "kubeadm-apply", 10, 190, PLANE),
    Span(f"{APPLY}: etcd", "etcd", 12, 80, PLANE, parent=APPLY),
    Span(f"{APPLY}: kube-apiserver", "kube-apiserver", 80, 130, PLANE, parent=APPLY),
    Span(f"{APPLY}: kube-scheduler", "kube-scheduler", 150, 180, PLANE, parent=APPLY),
    Span(SWAP, "swap-kubelet", 195, 220, PLANE),
    Span(f"{SWAP}: static-pods", "static-pods", 196, 219, PLANE, parent=SWAP),
    Span("swap-kubelet worker", "swap-kubelet", 230, 235, "worker"),
    Span("drain worker", "drain", 221, 230, "worker"),
)


def outage(*cause, seconds=2.0, share=1.0, target="readyz"):
    """One outage of the API."""
    return OutageRow(target, 100.0, seconds, seconds, 9, {"timeout": 9}, share, cause, "")


def down_s(*outages, name="api", spans=SPANS, control_planes=1):
    """The figure, None where there is none."""
    seen = observer(name, outages=outages)
    made = run_of(record(observers=(seen,), spans=spans, control_planes=control_planes))
    figure = made.figure(name, "elsewhere_down_s")
    return None if figure is None else figure.value


@pytest.mark.parametrize(
    "cause",
    [
        (f"{APPLY}: etcd",),
        ("rollout web 1", f"{APPLY}: kube-apiserver"),
        (f"{SWAP}: static-pods",),
        (SWAP,),
    ],
)
def test_what_restarts_the_api_is_not_counted(cause):
    assert down_s(outage(*cause, seconds=69.0)) == 0.0


@pytest.mark.parametrize(
    "cause", [(), ("drain worker",), (f"{APPLY}: kube-scheduler",), ("swap-kubelet worker",)]
)
def test_everything_else_is(cause):
    assert down_s(outage(*cause), outage(f"{APPLY}: etcd", seconds=69.0)) == pytest.approx(2.0)


def test_a_pass_without_outages_has_none_of_it():
    assert down_s() == 0.0


def test_an_outage_of_two_targets_counts_once_and_a_share_of_probes_as_a_share():
    both = (outage("drain worker"), outage("drain worker", target="configmaps"))
    assert down_s(*both) == pytest.approx(2.0)
    assert down_s(*both, outage(seconds=3.0, share=0.5)) == pytest.approx(3.5)


def test_an_upgrade_that_names_no_phase_has_its_whole_step_left_out():
    spans = (SPANS[0], Span(f"{APPLY}: addons", "addons", 180, 190, PLANE, parent=APPLY))
    assert down_s(outage(f"{APPLY}: addons"), outage(APPLY), spans=spans) == 0.0
    assert down_s(outage("drain worker"), outage(APPLY), spans=spans) == pytest.approx(2.0)


@pytest.mark.parametrize("other", [{"name": "web"}, {"control_planes": 3}, {"control_planes": 0}])
def test_only_the_api_of_a_single_control_plane_has_such_steps(other):
    assert down_s(outage("drain worker"), **other) is None


def test_a_second_observer_of_the_api_has_it_too():
    assert down_s(outage("drain worker"), name="api-mine") == pytest.approx(2.0)
