"""What `verify` waits for, and what it leaves to the claims."""

import itertools

import pytest

from upgrade_e2e.errors import CommandFailed, DeadlinePassed
from upgrade_e2e.upgrade import Component, Inventory, Verified, read_back
from upgrade_e2e.version import KubeVersion
from upgrade_e2e.wait import Deadline

V34 = KubeVersion.parse("v1.34.4")
SOON = Deadline(0.05, every_s=0.001)


def found(kubelet="v1.34.4", **more):
    well = {"nothing_left_to_do": True, "old_kubeconfig_works": True}
    parts = (Component("kubelet", "worker", kubelet, "v1.34.4"),)
    return Inventory(parts, **(well | more))


def test_the_first_good_reading_ends_the_wait():
    readings = iter([found("v1.33.13"), found(stuck_pods=("shop/web: Pending",)), found()])
    assert read_back(lambda: next(readings), V34, SOON) == found()
    assert list(readings) == []


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        (found("v1.33.13"), "kubelet on worker is v1.33.13, not v1.34.4"),
        (found(nothing_left_to_do=False), "still finds something to do"),
    ],
)
def test_an_upgrade_that_is_not_complete_is_an_error_that_says_why(reading, said):
    with pytest.raises(DeadlinePassed, match=said):
        read_back(lambda: reading, V34, SOON)


@pytest.mark.parametrize(
    "reading",
    [
        found(stuck_pods=("shop/web: Pending",)),
        found(missing_workloads=("deployment shop/web has 2 of 3 replicas",)),
        found(old_kubeconfig_works=False),
        found(certificates_expire_in_d=-1.0),
    ],
)
def test_what_is_merely_unsettled_is_waited_for_and_left_to_the_claims(reading):
    times = itertools.count()
    assert read_back(lambda: (next(times), reading)[1], V34, SOON) == reading
    assert next(times) > 1


def test_a_cluster_that_stops_answering_is_not_taken_for_its_last_answer():
    readings = iter([found(stuck_pods=("shop/web: Pending",))])

    def read():
        for reading in readings:
            return reading
        raise DeadlinePassed("no answer")

    with pytest.raises(DeadlinePassed, match="no answer"):
        read_back(read, V34, SOON, transient=(CommandFailed, DeadlinePassed))


def test_what_verify_read_back_is_not_read_again():
    verified = Verified()
    verified.read_back(found, V34, SOON)
    assert verified.or_read(lambda: pytest.fail("read again")) == found()


def test_what_verify_did_not_read_back_is_read():
    verified = Verified()
    assert verified.or_read(lambda: found("v1.33.13")) == found("v1.33.13")
    with pytest.raises(DeadlinePassed):
        verified.read_back(lambda: found("v1.33.13"), V34, SOON)
    assert verified.or_read(found) == found()


def test_a_component_of_no_node_is_named_without_one():
    nowhere = Inventory((Component("coredns", "", "missing", "v1.12.1"),), nothing_left_to_do=True)
    assert nowhere.unfinished == ("coredns is missing, not v1.12.1",)


def test_an_addon_that_appeared_is_not_waited_for_and_left_to_the_claims():
    times = itertools.count()
    sentence = "a DaemonSet kube-proxy appeared in kube-system that was not there before"
    reading = found(appeared=(sentence,))
    assert read_back(lambda: (next(times), reading)[1], V34, Deadline(60.0)) == reading
    assert next(times) == 1
    assert reading.complaints == (sentence,)
