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
NOT_SIMULATED = frozenset(
    {
        # They need three control planes, or an API server that does not share its cores.
        "the_api_stays_available",
        "the_api_stays_fast",
        "the_api_answers_between_absences",
        # They need a container runtime.
        "kubelets_hear_of_their_containers",
        "new_containers_come_up",
        "ready_is_true",
        # They need kubelets that publish what they use.
        "nothing_is_oom_killed",
        "nothing_is_evicted_under_pressure",
        "kubelets_stay_below_their_ceiling",
        "runtimes_stay_below_their_ceiling",
        "no_container_is_throttled",
        "kubelets_do_not_grow_more_than_before",
        # They need etcd.
        "members_answer_and_have_a_leader",
        "leaders_change_seldom",
        "disks_keep_up",
        "members_reach_one_another",
        "there_is_room_for_writes",
        "members_hold_the_same",
        "no_acknowledged_write_is_lost",
        "every_snapshot_can_be_restored",
        "there_is_always_a_recent_snapshot",
        # They need a network of pods that comes up.
        "new_pods_have_network",
        "new_pods_have_network_after_a_kubelet_restart",
        "new_pods_start_in_time",
        "a_new_node_gets_its_network",
        "no_pod_comes_before_the_network_of_a_new_node",
        # They need an API server with policies.
        "nothing_forbidden_is_admitted",
        "what_is_allowed_is_admitted",
        # They need admission webhooks.
        "deployments_get_through_every_stage",
        "deployments_are_available_soon",
        "deployments_wait_for_the_control_plane_no_longer_than_usual",
    }
)
"""The scenarios that are skipped on a simulated cluster with one control plane."""


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
