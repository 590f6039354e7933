"""What RuntimeAnswers deploys and sees, against a fake API and a fake kubelet."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.observers.fake_api import FakeApi, fake_cluster
from tests.unit.observers.test_churn_loop import SOON, FakeKubelet
from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers import DeployContext, Images, Parts, PodChurn, RuntimeAnswers
from upgrade_e2e.observers.naming import Wanted, as_written, label_observers
from upgrade_e2e.observers.ready_poll import ReadyPoll
from upgrade_e2e.observers.started_pods import StartedPods
from upgrade_e2e.timeline import Origin, Readings, Samples, SamplesBuilder, Window
from upgrade_e2e.timeline.kubelet_metrics import NODE_READY, PLEG_METRICS
from upgrade_e2e.wait import wait_for

ALWAYS = Window(-10.0, 1e6)
PODS = PodChurn(burst=2, every_s=0.2)


@dataclasses.dataclass
class Site:
    """A fake cluster to deploy observers in."""

    api: FakeApi
    context: DeployContext

    def call_ready(self, node: str, *, ready: bool) -> None:
        """The API server's word about a node."""
        path = f"/api/v1/nodes/{node}"
        conditions = [{"type": "Ready", "status": str(ready)}]
        self.api.put(path, {**self.api.objects[path], "status": {"conditions": conditions}})


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    api = FakeApi()
    api.hooks.append(FakeKubelet(api))
    with fake_cluster(api, tmp_path) as cluster:
        yield Site(api, DeployContext(cluster, Images(), tmp_path, Origin()))


def parts_of(parts: Parts) -> tuple[StartedPods, ReadyPoll]:
    starts, poll = parts.background_tasks
    assert isinstance(starts, StartedPods)
    assert isinstance(poll, ReadyPoll)
    return starts, poll


def samples_of(task: StartedPods) -> Samples:
    builder = SamplesBuilder()
    task.samples(builder, ALWAYS)
    return builder.build()


def test_every_node_reads_its_own_kubelet(site: Site) -> None:
    (probe,) = RuntimeAnswers(every_s=3.0).deploy(site.context).own_node_probes
    spec = probe.spec("runtime")
    assert (spec["kind"], spec["name"], spec["interval_s"]) == ("scrape", "pleg", 3.0)
    assert spec["url"] == "https://{node_ip}:10250/metrics"
    assert spec["metrics"] == list(PLEG_METRICS)
    assert spec["insecure"] is True
    assert spec["token_file"].endswith("/token")


def test_its_pods_are_those_of_an_equal_churn(site: Site) -> None:
    (churned,) = PODS.deploy(site.context).background_tasks
    starts, _ = parts_of(RuntimeAnswers(pods=PODS).deploy(site.context))
    other, _ = parts_of(RuntimeAnswers(pods=PodChurn(burst=1), label="mine").deploy(site.context))
    assert starts.churn_loop is churned
    assert other.churn_loop is not churned


def test_the_starts_of_pods_are_seen_apart_from_what_the_churn_sees(site: Site) -> None:
    (churned,) = PODS.deploy(site.context).background_tasks
    starts, _ = parts_of(RuntimeAnswers(pods=PODS).deploy(site.context))
    for task in (churned, starts):  # whoever comes first starts the pods for both
        task.start()
    seen = wait_for("starts", lambda: samples_of(starts), lambda one: len(one) >= 4, SOON)
    assert {stream.name for stream in seen.streams} == {"created-to-started@worker"}
    assert seen.streams[0].clock_error_s == 1.0
    builder = SamplesBuilder()
    churned.samples(builder, ALWAYS)
    names = {stream.name for stream in builder.build().streams}
    assert names == {"started-to-ready@worker", "deleted-to-gone@worker"}
    assert starts.missing() == churned.missing() == ""
    for task in (starts, churned):
        task.stop()
    assert starts.broken() == ""


def poll_until(poll: ReadyPoll, count: int) -> Readings:
    return wait_for(
        f"{count} answers",
        lambda: poll.readings(ALWAYS),
        lambda found: len(found) >= count,
        SOON,
    )


def test_ready_is_read_as_the_api_says_it(site: Site) -> None:
    poll = ReadyPoll(site.context.cluster.api, site.context.origin.now_s, every_s=0.02)
    for node in ("cp", "worker"):
        site.call_ready(node, ready=True)
    assert "has not said yet" in poll.missing()
    poll.start()
    poll_until(poll, 6)
    assert (poll.missing(), poll.status_line()) == ("", "")
    site.call_ready("worker", ready=False)
    wait_for("news", poll.status_line, lambda line: line == "not Ready: worker", SOON)
    poll.stop()
    poll.stop()
    readings = poll.readings(ALWAYS)
    (worker,) = readings.of(NODE_READY, node="worker")
    assert set(worker.value) == {0.0, 1.0}
    assert list(worker.value) == sorted(worker.value, reverse=True)
    (control,) = readings.of(NODE_READY, node="cp")
    assert set(control.value) == {1.0}
    assert poll.broken() == ""


def test_an_api_that_gives_no_answer_says_nothing_of_nodes(site: Site) -> None:
    poll = ReadyPoll(site.context.cluster.api, site.context.origin.now_s, every_s=0.02)
    poll.start()
    poll_until(poll, 4)
    site.api.status = 503
    asked = len(site.api.requests)
    wait_for("questions", lambda: len(site.api.requests) - asked, lambda n: n >= 5, SOON)
    before = len(poll.readings(ALWAYS))
    wait_for("questions", lambda: len(site.api.requests) - asked, lambda n: n >= 10, SOON)
    assert len(poll.readings(ALWAYS)) == before
    site.api.status = 200
    poll_until(poll, before + 2)
    poll.stop()
    assert poll.broken() == ""


def test_a_node_that_joins_is_read_from_then_on_and_one_that_is_gone_is_not_ready(
    site: Site,
) -> None:
    poll = ReadyPoll(site.context.cluster.api, site.context.origin.now_s, every_s=0.02)
    site.call_ready("cp", ready=True)
    poll.start()
    poll_until(poll, 6)
    node = {"metadata": {"name": "new"}, "kind": "Node"}
    site.api.put("/api/v1/nodes/new", {**node, "status": {}})
    site.call_ready("new", ready=True)
    wait_for("it", lambda: poll.readings(ALWAYS).of(NODE_READY, node="new"), bool, SOON)
    site.api.drop("/api/v1/nodes/new")
    wait_for(
        "its end",
        lambda: poll.readings(ALWAYS).of(NODE_READY, node="new")[0].value[-1],
        lambda value: value == 0.0,
        SOON,
    )
    poll.stop()
    readings = poll.readings(ALWAYS)
    (new,) = readings.of(NODE_READY, node="new")
    (old,) = readings.of(NODE_READY, node="cp")
    assert new.at_us[0] > old.at_us[0]
    assert new.value[0] in {0.0, 1.0}


def test_simulated_nodes_have_no_runtime_to_watch(site: Site) -> None:
    simulated = dataclasses.replace(site.context, simulated=True)
    assert RuntimeAnswers().deploy(simulated) == Parts()
    assert not simulated.shared


def test_it_and_its_pods_get_labels_of_their_own() -> None:
    wanted = [Wanted(RuntimeAnswers(), "a", shipped=True), Wanted(PodChurn(), "b", shipped=True)]
    labels = label_observers(wanted)
    runtime, churn = labels[RuntimeAnswers()], labels[PodChurn()]
    assert (runtime.label, churn.label) == ("runtime", "churn")
    assert isinstance(runtime, RuntimeAnswers)
    assert runtime.pods == churn


def test_one_label_for_it_and_its_pods_is_refused() -> None:
    with pytest.raises(BadInput, match="both called 'churn'"):
        RuntimeAnswers(label="churn")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"every_s": 0}, "RuntimeAnswers.every_s"),
        ({"timeout_s": 4000}, "RuntimeAnswers.timeout_s"),
        ({"label": "No Label"}, "RuntimeAnswers.label"),
        ({"pods": 3}, "RuntimeAnswers.pods"),
    ],
)
def test_what_cannot_work_is_refused(values: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        RuntimeAnswers(**values)  # type: ignore[arg-type]


def test_it_is_written_as_its_author_wrote_it() -> None:
    assert as_written(RuntimeAnswers()) == "RuntimeAnswers()"
    assert as_written(RuntimeAnswers(pods=PODS)) == (
        "RuntimeAnswers(pods=PodChurn(burst=2, every_s=0.2))"
    )
