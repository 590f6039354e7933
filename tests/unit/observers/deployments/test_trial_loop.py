"""The loop of trials against a fake API with controllers, and pods that answer for real."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.observers.deployments.cluster import DEPLOYMENTS, PODS, Controllers
from tests.unit.observers.fake_api import FakeApi, fake_cluster
from upgrade_e2e.agent.tokens import SigningKey
from upgrade_e2e.observers import DeployContext, Images
from upgrade_e2e.observers.deployments import trial_client
from upgrade_e2e.observers.deployments import trial_loop as module
from upgrade_e2e.observers.deployments.trial_client import TrialClient
from upgrade_e2e.observers.deployments.trial_loop import TrialLoop
from upgrade_e2e.observers.deployments.trust import Trust
from upgrade_e2e.timeline import Origin, Outcome, Samples, SamplesBuilder, Window
from upgrade_e2e.wait import Deadline, wait_for

SOON = Deadline(60.0, every_s=0.05)
TRUST = Trust.made_for("deployments-webhook.upgrade-e2e.svc")
KEY = SigningKey.of_jwk(json.loads(TRUST.signing_key))
SERVICES = "/api/v1/namespaces/upgrade-e2e/services/"


@dataclass
class Bench:
    """A loop that has not been started, and what it works with."""

    api: FakeApi
    controllers: Controllers
    loop: TrialLoop

    def samples(self) -> Samples:
        builder = SamplesBuilder()
        self.loop.samples(builder, Window(-10.0, 1e6))
        return builder.build()

    def outcomes(self, stage: str) -> list[Outcome]:
        """How the trials ended in a stage, on whatever node."""
        seen = self.samples()
        kinds = [stream.name.partition("@")[0] for stream in seen.streams]
        pairs = zip(seen.stream, seen.outcome, strict=True)
        return [Outcome(outcome) for stream, outcome in pairs if kinds[stream] == stage]

    def await_outcome(self, stage: str, outcome: Outcome) -> None:
        """Wait until a trial has ended like that in a stage."""
        wait_for(
            f"{outcome.label} in {stage}",
            lambda: self.outcomes(stage),
            lambda seen: outcome in seen,
            SOON,
        )


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(trial_client, "_SILENCE_S", 1.0)
    monkeypatch.setattr(module, "_LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(module, "_LAST_S", 5.0)
    api = FakeApi()
    with fake_cluster(api, tmp_path) as cluster:
        context = DeployContext(cluster, Images(), tmp_path, Origin())
        loop = TrialLoop(
            client=TrialClient(context, "deployments"),
            credentials=TRUST.credentials,
            every_s=0.3,
            timeout_s=2.0,
        )
        controllers = Controllers(api, KEY)
        controllers.start()
        made = Bench(api, controllers, loop)
        yield made
        made.loop.stop()
        controllers.end()


def left_of(api: FakeApi) -> list[str]:
    return [path for path in api.objects if path.startswith((DEPLOYMENTS, PODS, SERVICES))]


STAGES = (
    "created-to-accepted",
    "accepted-to-admitted",
    "admitted-to-scheduled",
    "started-to-issued",
    "scheduled-to-available",
    "available-to-answering",
    "deleted-to-gone",
    "created-to-available",
    "created-to-answering",
)


def test_deployments_come_answer_and_go(bench: Bench) -> None:
    assert bench.loop.missing() == "no new Deployment has answered yet"
    bench.loop.start()
    for stage in STAGES:
        bench.await_outcome(stage, Outcome.OK)
    assert bench.loop.missing() == ""
    assert "the last one: " in bench.loop.status_line()
    bench.loop.stop()
    assert bench.loop.broken() == ""
    assert left_of(bench.api) == []
    names = {stream.name for stream in bench.samples().streams}
    assert {"created-to-accepted@host", "started-to-issued@worker"} <= names


def test_a_deployment_that_was_about_to_be_created_at_the_end_is_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    about_to = threading.Event()

    def name_slowly(client: TrialClient) -> str:
        about_to.set()
        time.sleep(0.5)
        return f"{client.label}-late"

    monkeypatch.setattr(TrialClient, "new_name", name_slowly)
    bench.loop.start()
    assert about_to.wait(10)
    bench.loop.stop()
    assert left_of(bench.api) == []


def test_a_refused_pod_is_shown_at_its_stage_with_the_reason(bench: Bench) -> None:
    bench.controllers.refusal = "failed calling webhook"
    bench.loop.start()
    bench.await_outcome("accepted-to-admitted", Outcome.CREATE_FAILED)
    assert "stuck in accepted-to-admitted (failed calling webhook)" in bench.loop.missing()
    assert "stuck in accepted-to-admitted" in bench.loop.status_line()


def test_a_pod_without_a_credential_injected_is_a_bad_answer(bench: Bench) -> None:
    bench.controllers.injects = False
    bench.loop.start()
    bench.await_outcome("accepted-to-admitted", Outcome.BAD_ANSWER)
    bench.await_outcome("created-to-available", Outcome.TIMEOUT)


def test_a_credential_that_is_not_issued_is_a_timeout_of_that_stage(bench: Bench) -> None:
    bench.controllers.issues = False
    bench.loop.start()
    bench.await_outcome("started-to-issued", Outcome.TIMEOUT)
    assert Outcome.OK in bench.outcomes("admitted-to-scheduled")
    bench.await_outcome("deleted-to-gone", Outcome.OK)


def test_the_credential_of_another_pod_is_a_bad_answer(bench: Bench) -> None:
    bench.controllers.owner = "somebody-else"
    bench.loop.start()
    bench.await_outcome("available-to-answering", Outcome.BAD_ANSWER)


def test_while_the_api_is_away_nothing_piles_up_and_all_of_it_goes(bench: Bench) -> None:
    bench.loop.start()
    bench.await_outcome("created-to-answering", Outcome.OK)
    bench.api.status = 503
    bench.await_outcome("created-to-accepted", Outcome.CREATE_FAILED)
    bench.api.status = 200
    answered = bench.outcomes("created-to-answering").count(Outcome.OK)
    wait_for(
        "more answers",
        lambda: bench.outcomes("created-to-answering").count(Outcome.OK),
        lambda count: count > answered,
        SOON,
    )
    assert bench.loop.broken() == ""


def test_no_more_are_begun_while_many_are_stuck(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_ALIVE", 2)
    bench.controllers.refusal = "failed calling webhook"
    bench.loop.start()
    bench.await_outcome("accepted-to-admitted", Outcome.CREATE_FAILED)
    alive = [path for path in bench.api.objects if path.startswith(DEPLOYMENTS)]
    assert len(alive) <= 2
