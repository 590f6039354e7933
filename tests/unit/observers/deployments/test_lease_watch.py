"""Whether the controllers are at work is read from how their leases change."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.observers.fake_api import FakeApi, fake_cluster
from upgrade_e2e.observers import DeployContext, Images
from upgrade_e2e.observers.deployments import lease_watch as module
from upgrade_e2e.observers.deployments.lease_watch import LeaseWatch, were_renewed
from upgrade_e2e.timeline import Origin, Outcome, Samples, SamplesBuilder, Window
from upgrade_e2e.wait import Deadline, wait_for

LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
NAMES = ("kube-controller-manager", "kube-scheduler")
SOON = Deadline(60.0, every_s=0.05)


@pytest.mark.parametrize(
    ("at_s", "held"),
    [
        (9.9, False),  # not seen yet
        (10.0, True),
        (13.0, True),
        (14.0, False),  # from the last renewal on, since the next one took too long
        (29.9, False),
        (30.0, True),
        (35.9, True),
    ],
)
def test_a_lease_is_held_while_it_is_renewed(at_s: float, held: bool) -> None:
    assert were_renewed([10.0, 12.0, 14.0, 30.0], at_s, until_s=36.0) is held


def test_a_lease_that_is_no_longer_renewed_is_held_for_as_long_as_a_leader_may_take() -> None:
    assert were_renewed([10.0], 10.0, until_s=16.0)
    assert not were_renewed([10.0], 10.0, until_s=16.1)
    assert not were_renewed([], 10.0, until_s=16.1)


class Leaders:
    """Two leaders that renew their leases, each until it is told to stop."""

    def __init__(self, api: FakeApi) -> None:
        self._api, self._ended = api, threading.Event()
        self.at_work = set(NAMES)
        self._count = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._renew()
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(0.02):
            self._renew()

    def _renew(self) -> None:
        self._count += 1
        for name in NAMES:
            if name in self.at_work:
                lease = {"metadata": {"name": name}, "spec": {"renewTime": f"{self._count}"}}
                self._api.put(f"{LEASES}/{name}", lease)

    def end(self) -> None:
        self._ended.set()
        self._thread.join(10)


@pytest.fixture
def leases(api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LeaseWatch]:
    monkeypatch.setattr(module, "_EVERY_S", 0.1)
    monkeypatch.setattr(module, "_RENEWED_WITHIN_S", 2.0)
    with fake_cluster(api, tmp_path) as cluster:
        made = LeaseWatch(DeployContext(cluster, Images(), tmp_path, Origin()), "deployments")
        yield made
        made.stop()


def samples_of(leases: LeaseWatch) -> Samples:
    builder = SamplesBuilder()
    leases.samples(builder, Window(-10.0, 1e6))
    return builder.build()


def test_both_leaders_must_be_at_work(api: FakeApi, leases: LeaseWatch) -> None:
    leaders = Leaders(api)
    leases.start()
    wait_for("some looks", lambda: len(samples_of(leases)), lambda count: count > 10, SOON)
    good = samples_of(leases)
    assert Outcome.OK in set(good.outcome)
    assert good.streams[0].name == "controllers@host"
    assert good.streams[0].interval_s == 0.1
    leaders.at_work = {"kube-scheduler"}
    wait_for(
        "a leader to be missed",
        lambda: set(samples_of(leases).outcome),
        lambda seen: Outcome.TIMEOUT in seen,
        SOON,
    )
    leaders.end()
    leases.stop()
    assert leases.broken() == ""


def test_a_cluster_that_keeps_its_leases_elsewhere_gives_no_stream(
    api: FakeApi, leases: LeaseWatch
) -> None:
    leases.start()
    wait_for("some looks", lambda: len(api.requests), lambda count: count > 6, SOON)
    leases.stop()
    assert samples_of(leases).streams == ()
    assert leases.broken() == ""
