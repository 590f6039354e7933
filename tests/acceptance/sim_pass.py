"""One simulated pass in this process, judged by every scenario of the project."""

from __future__ import annotations

import importlib
import inspect
import io
import pkgutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import scenarios
from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import Limits, Verdict
from upgrade_e2e.providers.sim.provider import KNOWN_VERSIONS, SimProvider, SimSettings
from upgrade_e2e.run import ConsoleProgress, Pass, PassSettings, RunningPass, Upgraded
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Fault, resolve, with_faults

PATH = resolve(("v1.33", "v1.34"), KNOWN_VERSIONS)


@dataclass(frozen=True)
class Judged:
    """What the scenarios say: verdict and words of each, and the evidence itself."""

    verdicts: dict[str, Verdict]
    told: dict[str, str]
    upgraded: Upgraded

    @property
    def failed(self) -> set[str]:
        """The scenarios that failed."""
        return {name for name, verdict in self.verdicts.items() if verdict is Verdict.FAIL}


def all_scenarios() -> dict[str, Callable[..., None]]:
    """Every scenario of the project by its name, without `test_`."""
    found = {}
    for module in pkgutil.iter_modules(scenarios.__path__):
        inside = vars(importlib.import_module(f"scenarios.{module.name}"))
        found |= {n.removeprefix("test_"): f for n, f in inside.items() if n.startswith("test_")}
    return found


def run_pass(
    folder: Path,
    *faults: str,
    limits: Limits | None = None,
    baseline_s: float = 3.0,
    settle_s: float = 3.0,
    **simulator,
) -> Judged:
    """Run a pass with these faults and judge it; `simulator` are more fields of SimSettings."""
    limits = limits or Limits.default()
    known = all_scenarios()
    marks = [mark for one in known.values() for mark in one.pytestmark]
    observers = dict.fromkeys(one for mark in marks if mark.name == "observes" for one in mark.args)
    settings = PassSettings(
        provider="sim",
        faults=tuple(map(Fault.parse, faults)),
        baseline_s=baseline_s,
        settle_s=settle_s,
    )
    provider = SimProvider(SimSettings(workdir=folder / "work", **simulator))
    origin = Origin()
    what = Pass(
        plan=with_faults(provider.plan(PATH), settings.faults),
        provider=provider,
        observers=tuple(observers),
        settings=settings,
        limits=limits,
        folder=folder,
        progress=ConsoleProgress(io.StringIO(), origin, ""),
        run_id=uuid.uuid4().hex,
        origin=origin,
    )
    try:
        upgraded = RunningPass(what).run()
    finally:
        provider.delete()
    said = {name: judge(one, upgraded, limits) for name, one in known.items()}
    return Judged(
        verdicts={name: verdict for name, (verdict, _) in said.items()},
        told={name: text for name, (_, text) in said.items()},
        upgraded=upgraded,
    )


def judge(scenario: Callable[..., None], upgraded: Upgraded, limits: Limits) -> tuple[Verdict, str]:
    """The verdict of one scenario, and its explanation."""
    has = {"upgraded": upgraded, "limits": limits}
    try:
        scenario(**{name: has[name] for name in inspect.signature(scenario).parameters})
    except AssertionError as error:
        return Verdict.FAIL, str(error)
    except Inconclusive as error:
        return Verdict.INCONCLUSIVE, str(error)
    except pytest.skip.Exception as error:
        return Verdict.SKIP, str(error)
    return Verdict.PASS, ""
