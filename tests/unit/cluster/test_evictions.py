"""What holds a drain: budgets, finalizers and grace periods, and how it is said."""

from __future__ import annotations

import copy

import pytest

from tests.unit.cluster.objects import NOW, Object, completed, running, stamp
from upgrade_e2e.cluster.evictions import evictable, holdups

ALLOWED_S = 300


def pod(**meta: object) -> Object:
    """The running pod shop/web."""
    made = running()
    made["metadata"] |= {"labels": {"app": "web"}, **meta}
    return made


def leaving(left_s: float, grace_s: int = 30, **meta: object) -> Object:
    """The same, asked to end; its grace period has that many seconds left."""
    return pod(deletionTimestamp=stamp(-left_s), deletionGracePeriodSeconds=grace_s, **meta)


def ended(made: Object) -> Object:
    """The same once its containers have ended."""
    made["status"]["containerStatuses"][0]["state"] = {"terminated": {"exitCode": 0}}
    return made


def budget(
    allowed: int = 0, healthy: int = 1, expected: int = 1, name: str = "web", **spec: object
) -> Object:
    """A budget of the namespace shop that covers `app: web`."""
    rules = spec or {"minAvailable": 1}
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, **rules},
        "status": {
            "disruptionsAllowed": allowed,
            "currentHealthy": healthy,
            "desiredHealthy": 1,
            "expectedPods": expected,
        },
    }


def only(pods, budgets=(), allowed_s=ALLOWED_S):
    (found,) = holdups(pods, budgets, NOW, allowed_s)
    return found


@pytest.mark.parametrize(
    ("given", "waits", "failed"),
    [
        (
            budget(),
            "budget shop/web allows 0 of 1 (minAvailable 1)",
            "minAvailable 1 of 1 healthy, 0 may go",
        ),
        (
            budget(healthy=2, expected=3, minAvailable=2),
            "budget shop/web allows 0 of 3 (minAvailable 2)",
            "minAvailable 2 of 3, 2 healthy, 0 may go",
        ),
        (
            budget(healthy=3, expected=3, maxUnavailable=0),
            "budget shop/web allows 0 of 3 (maxUnavailable 0)",
            "maxUnavailable 0 of 3 healthy, 0 may go",
        ),
        (
            budget(minAvailable="50%"),
            "budget shop/web allows 0 of 1 (minAvailable 50% (1))",
            "minAvailable 50% (1) of 1 healthy, 0 may go",
        ),
    ],
)
def test_a_budget_is_named_with_its_numbers(given, waits, failed):
    found = only([pod()], [given])
    assert found.waiting_line == f"shop/web: {waits}"
    assert found.failed_line == f"shop/web is held by budget shop/web: {failed}"


def test_a_budget_whose_numbers_cannot_be_worked_out_says_why():
    given = budget(expected=0)
    given["status"]["conditions"] = [
        {"type": "DisruptionAllowed", "reason": "SyncFailed", "message": "found no controllers"}
    ]
    assert only([pod()], [given]).failed_line.endswith(
        "its numbers cannot be worked out: found no controllers"
    )


@pytest.mark.parametrize(
    ("selector", "covers"),
    [
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "db"}}, False),
        ({}, True),
        (None, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "db"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, True),
        (
            {
                "matchLabels": {"app": "web"},
                "matchExpressions": [{"key": "app", "operator": "Exists"}],
            },
            True,
        ),
    ],
)
def test_a_budget_holds_the_pods_that_its_selector_covers(selector, covers):
    given = budget()
    given["spec"]["selector"] = selector
    assert ("held by budget" in only([pod()], [given]).failed_line) is covers


def test_a_budget_of_another_namespace_holds_nothing():
    given = budget()
    given["metadata"]["namespace"] = "other"
    assert "no budget holds it" in only([pod()], [given]).failed_line


def test_a_budget_that_lets_one_go_is_not_to_blame():
    assert "no budget holds it" in only([pod()], [budget(allowed=1)]).failed_line


def test_two_budgets_over_one_pod_are_both_named():
    found = only([pod()], [budget(allowed=1), budget(allowed=1, name="all")])
    assert "budgets shop/web and shop/all both cover it" in found.failed_line
    assert found.failed_line.startswith("shop/web is not evicted: ")


def test_a_finalizer_is_named_once_the_containers_have_ended():
    held = ended(leaving(20, finalizers=["hold.test/never"]))
    assert only([held]).failed_line == "shop/web: still terminating, finalizer hold.test/never"
    held = leaving(-5, finalizers=["a.test/x", "b.test/y"])
    assert only([held]).waiting_line == "shop/web: still terminating, finalizers a.test/x, b.test/y"


def test_a_finalizer_is_not_blamed_for_a_pod_within_its_grace_period():
    assert "finalizer" not in only([leaving(20, finalizers=["hold.test/never"])]).failed_line


def test_a_grace_period_that_is_longer_than_the_drain_is_named():
    found = only([leaving(100, grace_s=400)])
    assert found.waiting_line == (
        "shop/web: terminating, 1 min 40 s of its grace period of 6 min 40 s are left"
    )
    assert found.failed_line == (
        "shop/web: terminating, its grace period of 6 min 40 s is longer than the 5 min that the "
        "drain may take; --drain-timeout"
    )


def test_a_shorter_grace_period_shows_what_was_left():
    assert "20 s of its grace period of 30 s were left" in only([leaving(20)]).failed_line


def test_a_kubelet_that_is_late_is_named():
    assert "still terminating 50 s after its grace period" in only([leaving(-50)]).failed_line


def test_what_explains_most_comes_first():
    pods = [
        pod(name="free"),
        leaving(5, name="going"),
        pod(name="held", labels={"app": "held"}),
        leaving(200, grace_s=400, name="slow"),
        ended(leaving(-5, name="stuck", finalizers=["hold.test/never"])),
    ]
    given = budget()
    given["spec"]["selector"] = {"matchLabels": {"app": "held"}}
    found = holdups(pods, [given], NOW, ALLOWED_S)
    assert [one.pod.partition("/")[2] for one in found] == [
        *("stuck", "slow", "held", "free", "going"),
    ]


def owned(kind: str, made: Object) -> Object:
    made = copy.deepcopy(made)
    other = {"kind": "Thing"}  # an owner that is no controller need not say so
    made["metadata"]["ownerReferences"] = [other, {"kind": kind, "controller": True}]
    return made


@pytest.mark.parametrize(
    ("given", "waited_for"),
    [
        (pod(), True),
        (owned("ReplicaSet", running()), True),
        (owned("DaemonSet", running()), False),
        (owned("DaemonSet", completed()), True),
        (pod(annotations={"kubernetes.io/config.mirror": "x"}), False),
    ],
)
def test_a_drain_waits_for_neither_daemon_sets_nor_static_pods(given, waited_for):
    assert evictable(given) is waited_for
    assert bool(holdups([given], [], NOW, ALLOWED_S)) is waited_for
