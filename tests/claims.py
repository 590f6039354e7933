"""The scenarios of the project as claims, for passes that are judged without pytest's plugin."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable

import pytest

import scenarios
from upgrade_e2e.run import Claim, Upgraded

SKIPS = (pytest.skip.Exception,)
Scenario = Callable[..., None]


def all_scenarios() -> dict[str, Scenario]:
    """Every scenario of the project by its name, without `test_`."""
    found = {}
    for module in pkgutil.iter_modules(scenarios.__path__):
        inside = vars(importlib.import_module(f"scenarios.{module.name}"))
        found |= {n.removeprefix("test_"): f for n, f in inside.items() if n.startswith("test_")}
    return found


def claims_of(some: Iterable[Scenario]) -> list[Claim]:
    """These scenarios as claims, by their names without `test_`."""
    return [_claim(scenario) for scenario in some]


def _claim(scenario: Scenario) -> Claim:
    def check(upgraded: Upgraded, limits: object) -> None:
        has = {"upgraded": upgraded, "limits": limits}
        scenario(**{name: has[name] for name in inspect.signature(scenario).parameters})

    marks = [mark for mark in scenario.pytestmark if mark.name == "observes"]
    return Claim(
        name=scenario.__name__.removeprefix("test_"),
        sentence=scenario.__doc__.splitlines()[0],
        check=check,
        observers=tuple(one for mark in marks for one in mark.args),
    )
