"""Passes that are over, judged again: from their artifacts to scenarios and to a new record."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import time
from collections.abc import Iterable
from pathlib import Path

from upgrade_e2e.errors import BadInput, DamagedRecord, StepFailed
from upgrade_e2e.gate.stock import weigh_again
from upgrade_e2e.judge import Limits, Views
from upgrade_e2e.providers.base import Capabilities
from upgrade_e2e.report import (
    SAMPLES_FOLDER,
    RunRecord,
    ScenarioResult,
    api_cost_of,
    etcd_result_of,
    limits_of,
    load_record,
    observer_results,
    pass_folder,
    resources_of,
    runtime_rows,
    timeline_of,
)
from upgrade_e2e.report.html import Drawn
from upgrade_e2e.run.composing import limits_changed
from upgrade_e2e.run.recording import write_record
from upgrade_e2e.run.upgraded import Upgraded
from upgrade_e2e.run.verdicts import verdict_of
from upgrade_e2e.timeline import Timeline

__all__ = ["REJUDGED", "load_pass", "write_rejudged"]

REJUDGED = "rejudged"
JUDGED_BY = "upgrade-e2e that judged again"
"""The key among the tools of a record; `upgrade-e2e` is the version that ran the pass."""


def load_pass(folder: Path, limits: Limits | None = None) -> Upgraded:
    """The pass whose artifacts are in `folder`, as scenarios saw it when it was run.

    `limits` are those to judge it by; None for those that it was judged by. A folder that
    `write_rejudged` made stands for the pass above it. Raises DamagedRecord when the record or
    samples are missing or cannot be read.
    """
    record = load_record(folder)
    failed = record.failed_step
    return Upgraded(
        timeline=_whole_timeline(record, folder),
        path=record.path,
        limits=limits_of(record) if limits is None else limits,
        capabilities=Capabilities(record.provider, simulated=record.simulated, pace=record.pace),
        inventory=record.inventory,
        inventory_error=record.inventory_error,
        failed_step=None if failed is None else StepFailed(failed.step, failed.reason),
        control_planes=record.control_planes,
        facts=record.facts,
        workers=record.workers,
    )


def _whole_timeline(record: RunRecord, folder: Path) -> Timeline:
    """The timeline; raises DamagedRecord when an observer's samples are not there."""
    samples = pass_folder(record, folder) / SAMPLES_FOLDER
    if not samples.is_dir():
        why = "the samples were not kept; restore that folder"
        if not record.watched.duration_s:
            why = f"the pass ended before anything was seen ({record.reason}); run it again"
        raise DamagedRecord(f"{folder} cannot be judged again: there is no {samples}; {why}.")
    timeline = timeline_of(record, folder)
    lost = sorted({seen.name for seen in record.observers} - set(timeline.samples))
    if lost:
        raise DamagedRecord(
            f"{folder} cannot be judged again: {samples} has no {lost[0]}.npz; restore that file."
        )
    return timeline


def write_rejudged(
    record: RunRecord, scenarios: Iterable[ScenarioResult], views: Views, folder: Path
) -> Path:
    """Write a new judgement of a pass next to the old one, and return the folder it is in.

    `record` is the one that was read from `folder` and stays as it is; `views` are those that the
    scenarios were judged by. The new folder is `rejudged-1` in that of the pass, or the first
    number that is free; it has everything but the samples. Raises BadInput when it cannot be
    written.
    """
    results = tuple(scenarios)
    made = _rejudged(record, results, views)
    place = _free_folder(pass_folder(record, folder))
    write_record(made, Drawn(views), place)
    return place


def _rejudged(record: RunRecord, results: tuple[ScenarioResult, ...], views: Views) -> RunRecord:
    failed = record.failed_step
    verdict, reason = verdict_of(
        results,
        failed_step="" if failed is None else failed.step,
        why="" if failed is None else failed.reason,
    )
    made = dataclasses.replace(
        record,
        verdict=verdict,
        reason=reason,
        scenarios=results,
        observers=observer_results(views),
        api_cost=api_cost_of(views),
        runtimes=runtime_rows(views),
        resources=resources_of(views),
        etcd=etcd_result_of(views),
        limits_changed=limits_changed(views.limits),
        tools={**record.tools, JUDGED_BY: importlib.metadata.version("upgrade-e2e")},
        rejudged_unix_s=time.time(),
    )
    return dataclasses.replace(made, cost=weigh_again(made, record.cost))


def _free_folder(above: Path) -> Path:
    number = 1
    while True:
        place = above / f"{REJUDGED}-{number}"
        try:
            place.mkdir()
        except FileExistsError:
            number += 1
        except OSError as error:
            raise BadInput(
                f"{place} cannot be made ({error.strerror}); check that {above} may be written to."
            ) from error
        else:
            return place
