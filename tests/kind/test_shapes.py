"""Clusters with few nodes: each is upgraded whole, judged by every scenario, blocked by nothing."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.kind.conftest import (
    API_CLAIMS,
    LACKING,
    LIMITS,
    MINUTES,
    NEW,
    OLD,
    ONE_CLAIMS,
    Ran,
    Tool,
    orphans,
)

pytestmark = pytest.mark.thorough(part="shapes")

UPGRADE_CLAIMS = (
    "test_every_component_is_at_the_target",
    "test_workloads_are_all_there",
    "test_old_credentials_still_work",
)


@dataclass(frozen=True)
class Shape:
    """A cluster with so many nodes, and what the record says is special about it."""

    control_planes: int
    workers: int
    choice: str
    words: tuple[str, ...] = ()

    @property
    def nodes(self) -> int:
        """How many nodes it has."""
        return self.control_planes + self.workers

    @property
    def skipped(self) -> set[str]:
        """The claims that cannot be made about it."""
        return ONE_CLAIMS if self.control_planes > 1 else API_CLAIMS


# Three control planes take a quarter of an hour each without the fast flags, on two cores.
SHAPES = (
    Shape(1, 0, "single-node"),
    Shape(1, 1, "watched-workloads"),
    Shape(3, 1, "watched-workloads", ("--fast-control-plane",)),
    Shape(3, 0, "watched-workloads", ("--fast-control-plane",)),
)


@dataclass(frozen=True)
class Walked:
    """A pass over a cluster of one shape."""

    shape: Shape
    ran: Ran


@pytest.fixture(
    scope="module", params=SHAPES, ids=lambda one: f"{one.control_planes}+{one.workers}"
)
def walked(request, tmp_path_factory: pytest.TempPathFactory) -> Walked:
    """A pass with all scenarios over each shape, once."""
    shape, before = request.param, orphans()
    done = Tool(tmp_path_factory.mktemp("shape")).run(
        "run", "--provider", "kind", "--from", OLD, "--to", NEW, "--limits", str(LIMITS),
        "--control-planes", str(shape.control_planes), "--workers", str(shape.workers),
        *shape.words, within_s=30 * MINUTES,
    )  # fmt: skip
    print(done.output)
    print(done.summary())
    assert orphans() <= before
    return Walked(shape, done)


def test_no_step_fails_and_the_upgrade_is_whole(walked):
    record = walked.ran.record()
    assert record["failed_step"] is None, walked.ran.output
    steps = [span for span in record["spans"] if span["kind"] != "rollout"]
    assert [span["name"] for span in steps if span["error"]] == []
    verdicts = {scenario["name"]: scenario["verdict"] for scenario in record["scenarios"]}
    assert [verdicts[claim] for claim in UPGRADE_CLAIMS] == ["PASS"] * 3, walked.ran.summary()
    kubelets = [
        part["found"] for part in record["inventory"]["components"] if part["name"] == "kubelet"
    ]
    assert kubelets == [NEW] * walked.shape.nodes


def test_every_claim_is_judged_or_skipped_with_the_reason(walked):
    scenarios = walked.ran.record()["scenarios"]
    skipped = {one["name"] for one in scenarios if one["verdict"] == "SKIP"}
    assert walked.shape.skipped <= skipped <= walked.shape.skipped | LACKING
    assert all(one["explanation"] for one in scenarios if one["verdict"] != "PASS"), scenarios
    inconclusive = [one for one in scenarios if one["verdict"] == "INCONCLUSIVE"]
    assert not inconclusive


def test_each_node_is_drained_unless_it_is_the_only_one(walked):
    spans = walked.ran.record()["spans"]
    drained = [span["node"] for span in spans if span["kind"] == "drain"]
    swapped = [span["node"] for span in spans if span["kind"] == "swap-kubelet"]
    assert len(set(swapped)) == walked.shape.nodes
    assert drained == (swapped if walked.shape.nodes > 1 else [])


def test_what_was_changed_to_fit_is_said(walked):
    assert walked.shape.choice in walked.ran.record()["choices"]
    assert walked.shape.choice in walked.ran.summary()


def test_probes_ran_on_every_node_and_the_service_went_on(walked):
    """In one drained worker's time no replica could start elsewhere, this was 100 % of 300 s."""
    for name in ("web", "edge", "dns"):
        (seen,) = (one for one in walked.ran.record()["observers"] if one["name"] == name)
        assert seen["samples"] > 1_000
        assert seen["failure_ratio"] < 0.05, seen
