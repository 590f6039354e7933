"""Rollouts while watching: made again and again, noted as spans."""

from __future__ import annotations

import itertools

import pytest

from tests.unit.observers.fake_api import FakeApi, Object
from upgrade_e2e.cluster.rollout import Rollout
from upgrade_e2e.observers import DeployContext, HttpEdge, HttpService, Workload
from upgrade_e2e.observers import rollout as module
from upgrade_e2e.observers.rollout import Rollouts
from upgrade_e2e.timeline import Span
from upgrade_e2e.wait import Deadline, wait_for

SOON = Deadline(60.0, every_s=0.05)
ROLLING = HttpService(workload=Workload(rollout_every_s=0.1))


WEB = "/apis/apps/v1/namespaces/upgrade-e2e/deployments/web"


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_EVERY_S", 0.05)


def await_looks(api: FakeApi, count: int = 5) -> None:
    """Wait until the rollouts have looked at the workload so many times more."""
    before = len(api.requests)
    wait_for(
        f"{count} looks at the workload",
        lambda: api.requests[before:].count(("GET", WEB)),
        lambda looks: looks >= count,
        SOON,
    )


def started(context: DeployContext) -> Rollouts:
    (rollouts,) = ROLLING.deploy(context).background_tasks
    assert isinstance(rollouts, Rollouts)
    rollouts.start()
    return rollouts


def await_spans(rollouts: Rollouts, count: int) -> tuple[Span, ...]:
    return wait_for("spans", rollouts.spans, lambda spans: len(spans) >= count, SOON)


def test_each_rollout_is_a_span(api: FakeApi, context: DeployContext) -> None:
    rollouts = started(context)
    spans = await_spans(rollouts, 3)
    rollouts.stop()
    assert [span.name for span in spans[:3]] == [f"rollout web {n}" for n in (1, 2, 3)]
    assert {(span.kind, span.error) for span in spans} == {("rollout", "")}
    assert all(a.end_s <= b.start_s for a, b in itertools.pairwise(spans))
    mark = api.objects[WEB]["spec"]["template"]["metadata"]["annotations"]["upgrade-e2e/rollout"]
    assert int(mark) >= 3
    assert rollouts.status_line().endswith("rollouts")


def test_a_crash_is_told(context: DeployContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rollout, "of_deployment", lambda _: {}["status"])
    rollouts = started(context)
    told = wait_for("the crash", rollouts.broken, bool, SOON)
    assert "rollouts-web broke with KeyError" in told
    rollouts.stop()


def stuck(api: FakeApi, context: DeployContext) -> Rollouts:
    """Rollouts of which the first has begun and does not come to an end."""

    def no_new_pods(_: str, thing: Object) -> None:
        if "upgrade-e2e/rollout" in str(thing.get("spec", {}).get("template")):
            api.ready = False

    api.hooks.append(no_new_pods)
    rollouts = started(context)
    wait_for("the first rollout", lambda: api.ready, lambda ready: not ready, SOON)
    return rollouts


def test_the_next_rollout_waits_for_the_one_before(api: FakeApi, context: DeployContext) -> None:
    rollouts = stuck(api, context)
    await_looks(api)
    assert rollouts.spans() == ()
    api.hooks.clear()
    api.ready = True
    await_spans(rollouts, 1)
    rollouts.stop()


def test_the_first_rollout_waits_for_the_workload(api: FakeApi, context: DeployContext) -> None:
    api.ready = False
    rollouts = started(context)
    await_looks(api)
    assert not [path for verb, path in api.requests if verb == "PATCH" and "?" not in path]
    rollouts.stop()
    assert rollouts.spans() == ()


def test_a_rollout_that_is_still_going_on_at_the_end_says_so(
    api: FakeApi, context: DeployContext
) -> None:
    rollouts = stuck(api, context)
    rollouts.stop()
    assert [(span.name, span.error) for span in rollouts.spans()] == [
        ("rollout web 1 (unfinished)", "")
    ]


def test_a_rollout_that_takes_too_long_has_an_error(
    api: FakeApi, context: DeployContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("upgrade_e2e.observers.rollout._LONGEST_S", 0.5)
    rollouts = stuck(api, context)
    (span, *_) = await_spans(rollouts, 1)
    rollouts.stop()
    assert (span.name, span.error) == ("rollout web 1", "not over after 500 ms")


def test_an_api_that_is_away_delays_rollouts_and_nothing_else(
    api: FakeApi, context: DeployContext
) -> None:
    rollouts = started(context)
    api.status = 503
    before = len(api.requests)
    wait_for("refused requests", lambda: len(api.requests), lambda n: n >= before + 5, SOON)
    api.status = 200
    spans = await_spans(rollouts, len(rollouts.spans()) + 2)
    rollouts.stop()
    assert {span.error for span in spans} == {""}
    assert rollouts.broken() == ""


def test_two_observers_of_one_workload_roll_it_once(context: DeployContext) -> None:
    (one,) = ROLLING.deploy(context).background_tasks
    (other,) = HttpEdge(backend=ROLLING).deploy(context).background_tasks
    assert one == other
    assert len({one, other}) == 1


def test_a_workload_that_stays_has_no_rollouts(context: DeployContext) -> None:
    assert HttpService().deploy(context).background_tasks == ()
