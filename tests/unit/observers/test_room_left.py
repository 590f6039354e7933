"""What pods ask of nodes, counted as the scheduler counts it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from upgrade_e2e.observers.room_left import pod_request, rooms_of


def asking(cpu: str = "", memory: str = "", **more: Any) -> dict[str, Any]:
    """A container with these requests."""
    asked = {name: value for name, value in (("cpu", cpu), ("memory", memory)) if value}
    return {"name": "c", "resources": {"requests": asked}, **more}


@pytest.mark.parametrize(
    ("spec", "cores"),
    [
        ({"containers": [{"name": "c"}]}, "0"),
        ({"containers": [asking("100m"), asking("1")]}, "1.1"),
        ({"containers": [asking("100m")], "initContainers": [asking("2")]}, "2"),
        ({"containers": [asking("3")], "initContainers": [asking("2")]}, "3"),
        (
            {
                "containers": [asking("1")],
                "initContainers": [asking("500m", restartPolicy="Always"), asking("2")],
            },
            "2.5",
        ),
        (
            {
                "containers": [asking("3")],
                "initContainers": [asking("500m", restartPolicy="Always")],
            },
            "3.5",
        ),
        ({"containers": [asking("1")], "overhead": {"cpu": "250m"}}, "1.25"),
    ],
)
def test_a_pod_asks_for_what_the_scheduler_reserves(spec, cores):
    assert pod_request(spec, "cpu") == Decimal(cores)


def test_a_node_has_what_it_gives_and_what_its_pods_ask_for():
    nodes = [
        {"metadata": {"name": "a"}, "status": {"allocatable": {"cpu": "2", "memory": "1Gi"}}},
        {"metadata": {"name": "b"}, "status": {}},
    ]
    running = {"nodeName": "a", "containers": [asking("500m", "256Mi")]}
    pods = [
        {"spec": running, "status": {"phase": "Running"}},
        {"spec": running, "status": {"phase": "Pending"}},
        {"spec": running, "status": {"phase": "Succeeded"}},
        {"spec": {"containers": [asking("1")]}, "status": {"phase": "Pending"}},
    ]
    a, b = rooms_of(nodes, pods)
    assert a.allocatable == {"cpu": 2.0, "memory": float(1 << 30)}
    assert a.requested == {"cpu": 1.0, "memory": float(512 << 20)}
    assert (b.allocatable, b.requested) == ({"cpu": 0, "memory": 0}, {"cpu": 0, "memory": 0})
