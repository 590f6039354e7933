"""From a pass that ended, however it ended, to its artifacts."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path

from upgrade_e2e.command import run
from upgrade_e2e.errors import CommandFailed, DamagedRecord
from upgrade_e2e.judge import Verdict, combine
from upgrade_e2e.report import (
    FailedStep,
    RunRecord,
    ScenarioResult,
    load_record,
    observer_results,
    render_run,
    save_record,
    save_samples,
    save_summary,
)
from upgrade_e2e.report.html import REPORT_NAME, save_html
from upgrade_e2e.report.trace import TRACE_NAME, save_trace
from upgrade_e2e.run.pass_ import RunningPass
from upgrade_e2e.run.settings import WATCHED_AROUND_S, PassSettings
from upgrade_e2e.run.upgraded import Upgraded
from upgrade_e2e.timeline import Window
from upgrade_e2e.upgrade import planted_in

__all__ = ["Ended", "write_artifacts"]


@dataclasses.dataclass(frozen=True)
class Ended:
    """A pass that is over: `upgraded` is None when it ended before anything could be judged.

    `error` says why it ended early; `cluster_made` is false when there was nothing to watch, and
    `refused` is true when what was asked for cannot work.
    """

    running: RunningPass
    upgraded: Upgraded | None
    error: str
    cluster_made: bool
    duration_s: float
    refused: bool = False


def write_artifacts(ended: Ended, scenarios: Iterable[ScenarioResult]) -> RunRecord:
    """Write everything that is left of a pass into its folder; docs/artifacts.md lists it.

    May be called again as more verdicts are known. With nothing new, nothing is written.
    """
    folder = ended.running.what.folder
    record = compose(ended, tuple(scenarios))
    if _is_written(record, folder):
        return record
    if ended.upgraded is not None and not (folder / "samples").is_dir():
        save_samples(ended.upgraded.timeline.samples, folder, simulated=record.simulated)
    save_record(record, folder)
    save_summary(render_run(record), folder)
    save_trace(folder, folder / TRACE_NAME)
    save_html(folder)
    return record


def _is_written(record: RunRecord, folder: Path) -> bool:
    if not (folder / REPORT_NAME).is_file():  # the last to be written
        return False
    try:
        return load_record(folder) == record
    except DamagedRecord:
        return False


def compose(ended: Ended, scenarios: tuple[ScenarioResult, ...]) -> RunRecord:
    """The record of a pass."""
    what, upgraded = ended.running.what, ended.upgraded
    failed = ended.running.failed_step
    verdict, reason = _verdict(ended, scenarios)
    capabilities = what.provider.capabilities
    return RunRecord(
        run_id=what.run_id,
        path=tuple(str(version) for version in what.plan.path.versions),
        provider=capabilities.name,
        simulated=capabilities.simulated,
        verdict=verdict,
        reason=reason,
        started_unix_s=what.origin.unix_s,
        duration_s=ended.duration_s,
        watched=upgraded.timeline.watched if upgraded else Window(0.0, 0.0),
        cluster_made=ended.cluster_made,
        refused=ended.refused,
        choices={**what.plan.choices, **_watching(what.settings)},
        faults=tuple(str(fault) for fault in planted_in(what.plan)),
        tools=tool_versions(capabilities.tools),
        images=dataclasses.asdict(what.settings.images),
        spans=upgraded.timeline.spans if upgraded else tuple(ended.running.spans),
        scenarios=scenarios,
        observers=observer_results(upgraded.timeline, what.limits) if upgraded else (),
        limits_changed=tuple(limit for limit in what.limits.table if limit.overridden),
        failed_step=None if failed is None else FailedStep(failed.step, failed.reason),
        inventory=upgraded.inventory if upgraded else None,
    )


def _watching(settings: PassSettings) -> dict[str, str]:
    """The times around the upgrade that are not the usual: they dilute every ratio."""
    usual_s = WATCHED_AROUND_S.get(settings.provider)
    asked = {"baseline": settings.baseline_s, "settle": settings.settle_s}
    return {name: f"{time_s:g} s" for name, time_s in asked.items() if time_s != usual_s}


def _verdict(ended: Ended, scenarios: tuple[ScenarioResult, ...]) -> tuple[Verdict, str]:
    if ended.running.failed_step is not None:
        return Verdict.FAIL, f"The step {ended.running.failed_step.step!r} failed."
    if ended.error:
        return Verdict.INCONCLUSIVE, ended.error
    verdict = combine(result.verdict for result in scenarios)
    named = [result.name for result in scenarios if result.verdict is verdict]
    if verdict is Verdict.PASS:
        return verdict, f"All {len(named)} claims that could be judged hold."
    if verdict is Verdict.FAIL:
        return verdict, f"Broken: {', '.join(named)}."
    return verdict, f"Cannot tell: {', '.join(named) or 'no scenario was judged'}."


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
