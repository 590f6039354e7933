"""One simulated pass in this process, judged by every scenario of the project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.claims import SKIPS, all_scenarios, claims_of
from upgrade_e2e.judge import Limits, Verdict
from upgrade_e2e.providers.sim import KNOWN_VERSIONS, SimProvider, SimSettings
from upgrade_e2e.report import RunRecord
from upgrade_e2e.run import Claim, JudgedPass, PassSettings, Upgraded, run_pass
from upgrade_e2e.upgrade import Fault, resolve, with_faults

PATH = resolve(("v1.33", "v1.34"), KNOWN_VERSIONS)


@dataclass(frozen=True)
class Judged:
    """What the scenarios say, and the evidence itself."""

    record: RunRecord
    upgraded: Upgraded

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """The verdict of each scenario."""
        return {result.name: result.verdict for result in self.record.scenarios}

    @property
    def explained(self) -> dict[str, str]:
        """The explanation of each scenario."""
        return {result.name: result.explanation for result in self.record.scenarios}

    @property
    def failed(self) -> set[str]:
        """The scenarios that failed."""
        return {name for name, verdict in self.verdicts.items() if verdict is Verdict.FAIL}


def judged_pass(
    folder: Path,
    *faults: str,
    limits: Limits | None = None,
    watch_before_s: float = 3.0,
    watch_after_s: float = 3.0,
    **simulator,
) -> Judged:
    """Run a pass with these faults and judge it; `simulator` are more fields of SimSettings."""
    settings = PassSettings(
        provider="sim",
        faults=tuple(map(Fault.parse, faults)),
        watch_before_s=watch_before_s,
        watch_after_s=watch_after_s,
    )
    provider = SimProvider(SimSettings(workdir=folder / "work", **simulator))
    plan = with_faults(provider.plan(PATH), settings.faults)
    kept: list[Upgraded] = []
    keep = Claim("kept", "For the test to look at.", lambda upgraded, _: kept.append(upgraded))
    claims = [*claims_of(all_scenarios().values()), keep]
    judged = JudgedPass(plan, settings, limits or Limits.default(), folder, provider)
    record = run_pass(judged, claims, skips=SKIPS)
    assert kept, record.reason
    return Judged(record, kept[0])
