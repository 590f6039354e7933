"""Made-up runs for tests of the gate and the history."""

import dataclasses
import itertools

from tests.synthetic import Shape, make_run
from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.gate import Figure, Run, ScenarioVerdict, run_of
from upgrade_e2e.judge import Verdict
from upgrade_e2e.observers.pod_tracker import GONE, READY
from upgrade_e2e.report import (
    ApiCost,
    ObserverResult,
    RunRecord,
    ScenarioResult,
    save_record,
)
from upgrade_e2e.timeline import Span, Window
from upgrade_e2e.upgrade import Component, Inventory

PATH = ("v1.33.13", "v1.34.4")
_numbers = itertools.count()


def record(**changes):
    """The record of a passed run with one observer."""
    number = next(_numbers)
    made = RunRecord(
        run_id=f"{number:032x}"[::-1],
        path=PATH,
        provider="kind",
        simulated=False,
        verdict=Verdict.PASS,
        reason="The one claim that could be judged holds.",
        started_unix_s=1_700_000_000.0 + number,
        duration_s=400.0,
        watched=Window(0.0, 400.0),
        tools={"upgrade-e2e": "0.1.0"},
        spans=(Span("drain worker", "drain", 10.0, 22.5, node="worker"),),
        scenarios=(ScenarioResult("test_dns", "Lookups.", Verdict.PASS, "", ("dns",)),),
        observers=(observer(),),
    )
    return dataclasses.replace(made, **changes)


def many(count, **changes):
    """So many such records."""
    return [record(**changes) for _ in range(count)]


def planted(**changes):
    """The record of a run with a planted outage that a claim was broken by."""
    failed = ScenarioResult("test_dns", "Lookups.", Verdict.FAIL, "", ("dns",))
    faults = {"faults": ("coredns-replicas=1",), "choices": {"fault coredns-replicas": "1"}}
    return record(**{"verdict": Verdict.FAIL, "scenarios": (failed,), **faults, **changes})


def write(folder, *records):
    """Each record in a run directory of its own below `folder`."""
    for made in records:
        place = folder / made.run_id
        place.mkdir(parents=True)
        save_record(made, place)
    return folder


def observer(name="dns", **changes):
    """What one observer saw: nothing wrong."""
    made = ObserverResult(
        name=name,
        samples=40_000,
        failures=0,
        suspect=0,
        failure_ratio=0.0,
        p50_s=0.003,
        p99_s=0.030,
        censored=False,
        downtime_s=0.0,
        longest_gap_s=0.0,
        blind_share=0.01,
        resolution_s=0.05,
        outage_count=0,
        slow_s=0.5,
        longest_silence_s=0.0,
        slow_ratio=0.0,
    )
    return dataclasses.replace(made, **changes)


def run(figures=(), observer="dns", **changes):
    """A passed run; `figures` are values by metric that differ from those of a quiet pass."""
    number = next(_numbers)
    values = {
        "failure_ratio": 0.0,
        "longest_silence_s": 0.0,
        "slow_ratio": 0.0,
        "p50_s": 0.003,
        "p99_s": 0.030,
        "blind_share": 0.01,
        "samples": 40_000.0,
        **dict(figures),
    }
    made = Run(
        run_id=f"{number:032x}"[::-1],
        path=PATH,
        provider="kind",
        simulated=False,
        verdict=Verdict.PASS,
        reason="made",
        started_unix_s=1_700_000_000.0 + number,
        tool="0.1.0",
        claims=(ScenarioVerdict("test_dns", Verdict.PASS),),
        figures=tuple(
            Figure(observer, metric, value) for metric, value in values.items() if value is not None
        ),
    )
    return dataclasses.replace(made, **changes)


def runs(values, metric="longest_silence_s", **changes):
    """A run for each value of one metric."""
    return tuple(run({metric: value}, **changes) for value in values)


def control(**changes):
    """A pass with a planted outage that was noticed."""
    noticed = {
        "faults": ("coredns-replicas=1",),
        "verdict": Verdict.FAIL,
        "claims": (ScenarioVerdict("test_dns", Verdict.FAIL),),
    }
    return run({"longest_silence_s": 9.0}, **{**noticed, **changes})


DIGESTS = {version: f"image ID sha256:{number}" for number, version in enumerate(PATH)}
MACHINE = "2 cores, 24 GiB"
CONTROL, WORKER = "control-plane", "worker"


def stock_pass(**changes):
    """The record of a stock pass of one control plane and two workers; all that it has can differ.

    `figures` are fields of its one observer.
    """
    nodes = (CONTROL, WORKER, "worker2")
    parts = [Component("kube-apiserver", CONTROL, "v1.34.4", "v1.34.4")]
    parts += [Component("kubelet", node, "v1.34.4", "v1.34.4") for node in nodes]
    usual = {
        "inventory": Inventory(components=tuple(parts)),
        "facts": ClusterFacts(proxy="iptables", cni="kindnet", config_digest="sha256:c"),
        "image_digests": DIGESTS,
        "machine": MACHINE,
        "control_planes": 1,
        "workers": 2,
        "observers_as_written": {"dns": "DnsLookups()"},
    }
    figures = {"longest_silence_s": 0.3, "longest_brownout_s": 0.0, **changes.pop("figures", {})}
    return record(**{**usual, "observers": (observer(**figures),), **changes})


# What the made-up pass calls the streams of pods, and what the observer calls them.
STREAMS = {"ready_p95_s": f"{READY}_p95_s", "gone_p95_s": f"{GONE}_p95_s"}


def run_figures():
    """The kinds of observers and the metrics that a whole pass leaves in a history."""
    made, _ = make_run(Shape(120, 20))
    away = ApiCost(120.0, 60.0, 2, {"worker": 90.0}, {"worker": 150.0})
    # The made-up pass has no kept socket for lookups.
    observers = [dataclasses.replace(seen, kept_silence_s=0.4) for seen in made.observers]
    # Nor small Deployments, which only a nightly pass watches.
    small = {"name": "deployments", "stream_p95_s": {"created-to-available": 2.0}}
    observers += [dataclasses.replace(one, **small) for one in observers if one.name == "churn"]
    whole = run_of(dataclasses.replace(made, api_cost=away, observers=tuple(observers)))
    found = [(figure.observer.partition("-")[0], figure.metric) for figure in whole.figures]
    return {(kind, STREAMS.get(metric, metric)) for kind, metric in found}
