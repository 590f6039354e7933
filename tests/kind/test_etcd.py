"""Claims about etcd and the API on three control planes: each holds, and fails by its fault."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scenarios import test_api_availability, test_etcd_health
from tests.claims import SKIPS, claims_of
from tests.kind.conftest import LIMITS, NEW, OLD, orphans
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.judge import Limits, Verdict
from upgrade_e2e.providers.kind import KindProvider, KindSettings
from upgrade_e2e.report import RunRecord
from upgrade_e2e.run import ConsoleProgress, JudgedPass, PassSettings, run_pass
from upgrade_e2e.run.providers import make_provider
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Fault, Marks, resolve, with_faults

pytestmark = pytest.mark.thorough(part="etcd")

NAME = "e2e-etcd"
ANSWER, ROOM = "members_answer_and_have_a_leader", "there_is_room_for_writes"
AVAILABLE = "the_api_stays_available"
SAME, LOST = "members_hold_the_same", "no_acknowledged_write_is_lost"
LAST = f"etcd on {NAME}-control-plane3 from "
"""In a line about the member on which faults act."""
# A fault's pass is short, so few samples must do.
HERE = {"instrument": {"min_samples": 20}}
CLAIMS = [claim for name, claim in vars(test_etcd_health).items() if name.startswith("test_")]
CLAIMS.append(test_api_availability.test_the_api_stays_available)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three control planes at the old version."""
    settings = KindSettings(
        workdir=tmp_path_factory.mktemp("etcd-cluster"),
        cluster_name=NAME,
        control_planes=3,
        workers=0,
        preload_images=("python:3.11-slim",),
    )
    provider = KindProvider(settings)
    plan = provider.plan(resolve([OLD, NEW], []))
    creation = dataclasses.replace(plan, prepare=plan.prepare[:1], upgrade=(), verify=())
    try:
        yield provider.create(creation, Marks(Origin()))
    finally:
        provider.close()
    assert not [name for name in orphans() if name.startswith(NAME)]


def judged(cluster: Cluster, folder: Path, fault: str, watch_after_s: float = 10.0) -> RunRecord:
    """A pass that upgrades nothing and plants this fault, judged by all of these claims."""
    faults = tuple(Fault.parse(word) for word in fault.split())
    settings = PassSettings(
        control_planes=3,
        workers=0,
        reuse_cluster=cluster.name,
        faults=faults,
        watch_before_s=15.0,
        watch_after_s=watch_after_s,
    )
    limits = Limits.load(LIMITS).override(HERE, "tests/kind/test_etcd.py")
    provider = make_provider(settings, folder / "work")
    plan = with_faults(provider.plan(resolve([OLD, NEW], [])), faults)
    alone = dataclasses.replace(
        plan,
        prepare=plan.prepare[:1],
        upgrade=tuple(step for step in plan.upgrade if step.kind == "plant"),
        verify=(),
    )
    origin = Origin()
    progress = ConsoleProgress(sys.stderr, origin, f"{fault or 'no fault'}: ")
    with contextlib.closing(progress):
        judging = JudgedPass(alone, settings, limits, folder, provider)
        record = run_pass(judging, claims_of(CLAIMS), progress, origin, SKIPS)
    print(
        *(f"{r.name}: {r.verdict} {r.explanation}" for r in record.scenarios), record.etcd, sep="\n"
    )
    return record


def verdicts(record: RunRecord) -> dict[str, Verdict]:
    """The verdict of each claim."""
    return {result.name: result.verdict for result in record.scenarios}


def explained(record: RunRecord, name: str) -> str:
    """Why this claim is broken, which it must be."""
    (result,) = (one for one in record.scenarios if one.name == name)
    assert result.verdict is Verdict.FAIL, result
    return result.explanation


def test_without_a_fault_every_claim_holds(cluster: Cluster, tmp_path: Path) -> None:
    # Members note how long round trips take only every 30 s.
    record = judged(cluster, tmp_path, "", watch_after_s=30.0)
    assert set(verdicts(record).values()) == {Verdict.PASS}, record.scenarios
    assert record.etcd is not None
    assert record.etcd.members == 3
    assert record.etcd.same is True
    assert record.etcd.lost == 0


def test_a_frozen_member_does_not_answer(cluster: Cluster, tmp_path: Path) -> None:
    record = judged(cluster, tmp_path, "etcd-freeze=20s")
    said = explained(record, ANSWER)
    assert re.search(rf"plant etcd-freeze=20s.*timeout.*; {LAST}", said), said
    assert {verdicts(record)[name] for name in (SAME, LOST)} == {Verdict.PASS}, record.scenarios


def test_a_member_that_is_cut_off_has_no_leader(cluster: Cluster, tmp_path: Path) -> None:
    record = judged(cluster, tmp_path, "etcd-cut-off=20s", watch_after_s=20.0)
    said = explained(record, ANSWER)
    # Cut off for 20 s: it waits 1 to 2 s for a leader at first, and a redial takes as long.
    without = rf"{NAME}-control-plane3: [12]\d(\.\d)? s without a leader"
    assert re.search(rf"{without}, from .* on, .*plant etcd-cut-off=20s", said), said
    assert {verdicts(record)[name] for name in (SAME, LOST)} == {Verdict.PASS}, record.scenarios


def test_an_alarm_is_found_while_it_lasts(cluster: Cluster, tmp_path: Path) -> None:
    record = judged(cluster, tmp_path, "etcd-no-space=5s")
    said = explained(record, ROOM)
    # An alarm is the cluster's: whichever member raised it, each one shows it.
    for member in ("control-plane", "control-plane2", "control-plane3"):
        shows = rf"plant etcd-no-space=5s.*5xx.*; etcd on {NAME}-{member} from "
        assert re.search(shows, said), said
    assert {verdicts(record)[name] for name in (SAME, LOST)} == {Verdict.PASS}, record.scenarios


def test_an_api_server_that_freezes_holds_its_clients(cluster: Cluster, tmp_path: Path) -> None:
    record = judged(cluster, tmp_path, "apiserver-freeze=10s")
    said = explained(record, AVAILABLE)
    assert re.search(r"plant apiserver-freeze=10s.*timeout", said), said
    assert {verdicts(record)[name] for name in (SAME, LOST)} == {Verdict.PASS}, record.scenarios
