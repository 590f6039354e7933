"""One port of the machine goes to one node."""

from __future__ import annotations

from pathlib import Path

import pytest

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.host_ports import require_one_node_per_port

FILE = Path("kind.yaml")
NAMES = ("control-plane", "worker")


def nodes(*mappings):
    return [{"extraPortMappings": [{"containerPort": 80, **given}]} for given in mappings]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"hostPort": 8080}, {"hostPort": 8080}),
        ({"hostPort": 8080}, {"hostPort": 8080, "protocol": "tcp"}),
        ({"hostPort": 8080}, {"hostPort": 8080, "listenAddress": "127.0.0.1"}),
        ({"hostPort": 8080, "listenAddress": "::"}, {"hostPort": 8080}),
    ],
)
def test_the_same_port_twice_is_refused_with_both_nodes(one, other):
    with pytest.raises(BadInput, match=r"8080/TCP .* to control-plane and again to worker; choose"):
        require_one_node_per_port(FILE, nodes(one, other), NAMES, {})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"hostPort": 8080}, {"hostPort": 8081}),
        ({"hostPort": 53}, {"hostPort": 53, "protocol": "UDP"}),
        ({"hostPort": 1, "listenAddress": "127.0.0.1"}, {"hostPort": 1, "listenAddress": "::1"}),
        ({"hostPort": 0}, {"hostPort": 0}),
        ({}, {}),
    ],
)
def test_ports_that_docker_can_give_are_left(one, other):
    require_one_node_per_port(FILE, nodes(one, other), NAMES, {})


def test_a_node_may_not_have_one_port_twice():
    given = [{"extraPortMappings": [{"hostPort": 80}, {"hostPort": 80}]}]
    with pytest.raises(BadInput, match="to control-plane and again to control-plane"):
        require_one_node_per_port(FILE, given, NAMES[:1], {})


def test_what_kind_will_refuse_is_left_to_kind():
    require_one_node_per_port(FILE, [{"extraPortMappings": [3, {"hostPort": "x"}]}], NAMES[:1], {})


def test_the_port_of_the_api_server_is_one_of_them():
    mapped = nodes({"hostPort": 6443})
    with pytest.raises(
        BadInput, match=r"to the API server \(apiServerPort\) and again to control-"
    ):
        require_one_node_per_port(FILE, mapped, NAMES[:1], {"apiServerPort": 6443})
    for other in ({}, {"apiServerPort": 0}, {"apiServerPort": -1}, {"apiServerPort": 6444}):
        require_one_node_per_port(FILE, mapped, NAMES[:1], other)
