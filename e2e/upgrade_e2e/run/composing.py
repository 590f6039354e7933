"""The record of a pass: what is said of it once it is over."""

from __future__ import annotations

import dataclasses

from upgrade_e2e.cluster.room import ROOM_CHOICE
from upgrade_e2e.judge import Limit, Limits, Verdict
from upgrade_e2e.observers import as_written
from upgrade_e2e.report import FailedStep, RunRecord, ScenarioResult, backup_rows
from upgrade_e2e.run.finished_pass import FinishedPass
from upgrade_e2e.run.machines import machine_class
from upgrade_e2e.run.pass_ import RunningPass
from upgrade_e2e.run.settings import watching_choices
from upgrade_e2e.run.upgraded import Upgraded
from upgrade_e2e.run.verdicts import verdict_of
from upgrade_e2e.upgrade import UsedImage
from upgrade_e2e.upgrade.faults import PLANT, fault_of

__all__ = ["compose", "limits_changed"]


def compose(ended: FinishedPass, scenarios: tuple[ScenarioResult, ...]) -> RunRecord:
    """The record of a pass."""
    what, timeline = ended.running.what, ended.drawn.views.timeline
    capabilities = what.provider.capabilities
    verdict, reason = _judged(ended, scenarios)
    record = RunRecord(
        run_id=what.run_id,
        path=tuple(str(version) for version in what.plan.path.versions),
        provider=capabilities.name,
        simulated=capabilities.simulated,
        verdict=verdict,
        reason=reason,
        started_unix_s=what.origin.unix_s,
        duration_s=ended.duration_s,
        watched=timeline.watched,
        cluster_made=ended.cluster_made,
        refused=ended.refused,
        spans=timeline.spans,
        scenarios=scenarios,
        pace=capabilities.pace,
    )
    return _with_figures(_with_cluster(_with_circumstances(record, ended), ended), ended)


def _judged(ended: FinishedPass, scenarios: tuple[ScenarioResult, ...]) -> tuple[Verdict, str]:
    failed = ended.running.failed_step
    return verdict_of(
        scenarios,
        failed_step="" if failed is None else failed.step,
        why="" if failed is None else failed.reason,
        error=ended.error,
    )


def _with_circumstances(record: RunRecord, ended: FinishedPass) -> RunRecord:
    """The record with what was asked of the pass, and what it ran with."""
    what, images = ended.running.what, used_images(ended.running)
    return dataclasses.replace(
        record,
        choices={**_choices(ended.running), **watching_choices(what.settings)},
        faults=planted(ended.running),
        tools=ended.tools,
        images={use: image.name for use, image in images.items()},
        image_digests={use: image.digest for use, image in images.items() if image.digest},
        observers_as_written=_as_written(ended.upgraded),
        limits_changed=limits_changed(what.limits),
        machine=machine_class(),
    )


def _with_cluster(record: RunRecord, ended: FinishedPass) -> RunRecord:
    """The record with the cluster, and what became of it."""
    running, upgraded = ended.running, ended.upgraded
    cluster, failed = running.cluster, running.failed_step
    return dataclasses.replace(
        record,
        failed_step=None if failed is None else FailedStep(failed.step, failed.reason),
        inventory=upgraded.inventory if upgraded else None,
        inventory_error=upgraded.inventory_error if upgraded else "",
        control_planes=len(cluster.control_planes) if cluster else 0,
        workers=len(cluster.upgraded_workers) if cluster else 0,
        facts=running.facts,
    )


def _with_figures(record: RunRecord, ended: FinishedPass) -> RunRecord:
    """The record with what observers saw, in figures."""
    return dataclasses.replace(
        record,
        observers=ended.observers,
        api_cost=ended.api_cost,
        runtimes=ended.runtimes,
        resources=ended.resources,
        etcd=ended.etcd,
        backups=backup_rows(ended.drawn.views.timeline),
    )


def limits_changed(limits: Limits) -> tuple[Limit, ...]:
    """The limits that the user set."""
    return tuple(limit for limit in limits.table if limit.overridden)


def _as_written(upgraded: Upgraded | None) -> dict[str, str]:
    """By label, how each observer's scenario writes it."""
    labels = (upgraded and upgraded.labels) or {}
    return {label: as_written(mine) for mine, label in labels.items()}


def planted(running: RunningPass) -> tuple[str, ...]:
    """The faults that were planted: not those whose step was never reached, or failed."""
    done = {span.name for span in running.spans if span.kind == PLANT and not span.error}
    steps = (step for step in running.what.plan.steps if step.kind == PLANT)
    return tuple(str(fault_of(step)) for step in steps if step.name in done)


def used_images(running: RunningPass) -> dict[str, UsedImage]:
    """The images by what they are for: those that observers deploy, and what the provider used.

    A provider knows what observers deploy by its name alone.
    """
    used = running.executor.marks.images
    asked: dict[str, str] = dataclasses.asdict(running.what.settings.images)
    deployed = {use: used.get(name) or UsedImage(name, "") for use, name in asked.items()}
    others = {use: image for use, image in used.items() if use not in asked.values()}
    return {**deployed, **others}


def _choices(running: RunningPass) -> dict[str, str]:
    """The choices of the plan, with where workloads run as the nodes of the cluster decided it."""
    planned = dict(running.what.plan.choices)
    if running.room is None:
        return planned
    planned.pop(ROOM_CHOICE, None)
    return {**planned, **running.room.choices}
