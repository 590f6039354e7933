"""From a pass that ended, however it ended, to its artifacts."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import platform
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from upgrade_e2e.cluster.room import ROOM_CHOICE
from upgrade_e2e.command import run
from upgrade_e2e.errors import CommandFailed, DamagedRecord
from upgrade_e2e.judge import Limit, Limits, Views
from upgrade_e2e.observers import as_written
from upgrade_e2e.report import (
    ApiCost,
    EtcdResult,
    FailedStep,
    ObserverResult,
    Resources,
    RunRecord,
    RuntimeRow,
    ScenarioResult,
    api_cost_of,
    backup_rows,
    etcd_result_of,
    load_record,
    observer_results,
    render_run,
    resources_of,
    runtime_rows,
    save_backups,
    save_readings,
    save_record,
    save_samples,
    save_summary,
)
from upgrade_e2e.report.html import REPORT_NAME, Drawn, save_page
from upgrade_e2e.report.trace import TRACE_NAME, write_trace
from upgrade_e2e.run.machines import machine_class
from upgrade_e2e.run.pass_ import RunningPass
from upgrade_e2e.run.reference import Reference
from upgrade_e2e.run.settings import watching_choices
from upgrade_e2e.run.upgraded import Upgraded
from upgrade_e2e.run.verdicts import verdict_of
from upgrade_e2e.timeline import Timeline, Window
from upgrade_e2e.upgrade import UsedImage
from upgrade_e2e.upgrade.faults import PLANT, fault_of

__all__ = ["FinishedPass", "compose", "limits_changed", "write_artifacts", "write_record"]


@dataclasses.dataclass(frozen=True)
class FinishedPass:
    """A pass that is over: `upgraded` is None when it ended before anything could be judged.

    `error` says why it ended early; `cluster_made` is false when there was nothing to watch, and
    `refused` is true when what was asked for cannot work. `reference` is what its cost is compared
    with.
    """

    running: RunningPass
    upgraded: Upgraded | None
    error: str
    cluster_made: bool
    duration_s: float
    refused: bool = False
    reference: Reference = dataclasses.field(default_factory=Reference)

    # These do not depend on verdicts: computed once, even if artifacts are written again.

    @cached_property
    def drawn(self) -> Drawn:
        """The samples as the report shows them; none when nothing could be judged."""
        if self.upgraded is not None:
            return Drawn(self.upgraded.views)
        what, spans = self.running.what, tuple(self.running.spans)
        return Drawn(Views(Timeline(Window(0.0, 0.0), spans), what.limits))

    @cached_property
    def observers(self) -> tuple[ObserverResult, ...]:
        """The figures of each observer."""
        return observer_results(self.drawn.views)

    @cached_property
    def api_cost(self) -> ApiCost | None:
        """What the absences of the API server cost."""
        return api_cost_of(self.drawn.views)

    @cached_property
    def runtimes(self) -> tuple[RuntimeRow, ...]:
        """What is known of the container runtimes."""
        return runtime_rows(self.drawn.views)

    @cached_property
    def resources(self) -> Resources | None:
        """What nodes and their components used."""
        return resources_of(self.drawn.views)

    @cached_property
    def etcd(self) -> EtcdResult | None:
        """How the members of etcd fared."""
        return etcd_result_of(self.drawn.views)

    @cached_property
    def tools(self) -> Mapping[str, str]:
        """The versions of everything that took part."""
        return tool_versions(self.running.what.provider.capabilities.tools)


def write_artifacts(ended: FinishedPass, scenarios: Iterable[ScenarioResult]) -> RunRecord:
    """Write all artifacts of a pass into its folder; docs/artifacts.md lists it.

    May be called again as more verdicts are known. With nothing new, nothing is written.
    """
    folder = ended.running.what.folder
    record = compose(ended, tuple(scenarios))
    record = dataclasses.replace(record, cost=ended.reference.weigh(record))
    if _is_written(record, folder):
        return record
    if ended.upgraded is not None and not (folder / "samples").is_dir():
        save_readings(ended.upgraded.timeline.readings, folder)
        save_samples(ended.upgraded.timeline.samples, folder, simulated=record.simulated)
        save_backups(ended.upgraded.timeline.backups, folder)
    write_record(record, ended.drawn, folder)
    return record


def write_record(record: RunRecord, drawn: Drawn, folder: Path) -> None:
    """Write a record into `folder`, with its summary, trace and report page."""
    save_record(record, folder)
    save_summary(render_run(record), folder)
    write_trace(record, folder / TRACE_NAME)
    save_page(record, drawn, folder)


def _is_written(record: RunRecord, folder: Path) -> bool:
    if not (folder / REPORT_NAME).is_file():  # the last to be written
        return False
    try:
        return load_record(folder) == record
    except DamagedRecord:
        return False


def compose(ended: FinishedPass, scenarios: tuple[ScenarioResult, ...]) -> RunRecord:
    """The record of a pass."""
    what, upgraded, cluster = ended.running.what, ended.upgraded, ended.running.cluster
    failed, views = ended.running.failed_step, ended.drawn.views
    verdict, reason = verdict_of(
        scenarios,
        failed_step="" if failed is None else failed.step,
        why="" if failed is None else failed.reason,
        error=ended.error,
    )
    capabilities = what.provider.capabilities
    images = used_images(ended.running)
    return RunRecord(
        run_id=what.run_id,
        path=tuple(str(version) for version in what.plan.path.versions),
        provider=capabilities.name,
        simulated=capabilities.simulated,
        verdict=verdict,
        reason=reason,
        started_unix_s=what.origin.unix_s,
        duration_s=ended.duration_s,
        watched=views.timeline.watched,
        cluster_made=ended.cluster_made,
        refused=ended.refused,
        choices={**_choices(ended.running), **watching_choices(what.settings)},
        faults=planted(ended.running),
        tools=ended.tools,
        images={use: image.name for use, image in images.items()},
        image_digests={use: image.digest for use, image in images.items() if image.digest},
        spans=views.timeline.spans,
        scenarios=scenarios,
        observers=ended.observers,
        observers_as_written=_as_written(upgraded),
        limits_changed=limits_changed(what.limits),
        failed_step=None if failed is None else FailedStep(failed.step, failed.reason),
        inventory=upgraded.inventory if upgraded else None,
        inventory_error=upgraded.inventory_error if upgraded else "",
        control_planes=len(cluster.control_planes) if cluster else 0,
        workers=len(cluster.upgraded_workers) if cluster else 0,
        pace=capabilities.pace,
        facts=ended.running.facts,
        api_cost=ended.api_cost,
        runtimes=ended.runtimes,
        resources=ended.resources,
        etcd=ended.etcd,
        machine=machine_class(),
        backups=backup_rows(views.timeline),
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


def tool_versions(commands: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The version of each tool, as it prints it, and of what the pass ran on."""
    versions = {
        "upgrade-e2e": importlib.metadata.version("upgrade-e2e"),
        "python": platform.python_version(),
        "kernel": f"{platform.system()} {platform.release()}",
    }
    for name, argv in commands.items():
        try:
            versions[name] = run(argv, timeout_s=10).stdout.strip()
        except CommandFailed as error:
            versions[name] = f"unknown (exit code {error.returncode})"
    return versions
