"""Which endpoints a node's proxy sends connections to."""

from __future__ import annotations

import pytest

from upgrade_e2e_simulator.node.service_proxy import service_table


class Cached:
    """The lists that a proxy reads."""

    def __init__(self, services, slices):
        self.lists = {"services": services, "endpointslices.discovery.k8s.io": slices}

    def all_cached(self, resource, namespace=""):
        return iter(self.lists[resource])


def service(address="127.9.16.70", **spec):
    ports = [{"name": "http", "port": 80, "protocol": "TCP"}]
    body = {"clusterIP": address, "ports": ports, **spec}
    return {"metadata": {"name": "web", "namespace": "shop"}, "spec": body}


def endpoint(address, node="n1", **conditions):
    return {"addresses": [address], "nodeName": node, "conditions": conditions}


def slices(*endpoints, owner="web"):
    return [
        {
            "metadata": {
                "name": "web-1",
                "namespace": "shop",
                "labels": {"kubernetes.io/service-name": owner},
            },
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
            "endpoints": list(endpoints),
        }
    ]


READY = endpoint("127.9.33.2", ready=True, serving=True)
GOING = endpoint("127.9.34.2", node="n2", ready=False, serving=True, terminating=True)
UNREADY = endpoint("127.9.35.2", node="n2", ready=False, serving=False)


@pytest.mark.parametrize(
    ("endpoints", "used"),
    [
        ([READY, GOING, UNREADY], ["127.9.33.2"]),
        ([GOING, UNREADY], ["127.9.34.2"]),
        ([UNREADY], []),
        ([], []),
    ],
)
def test_ready_first_then_those_that_still_serve(endpoints, used):
    table = service_table(Cached([service()], slices(*endpoints)), "n1")
    assert table == {"tcp/127.9.16.70:80": [(address, 8080) for address in used]}


def test_local_traffic_stays_on_its_node():
    other = endpoint("127.9.34.3", node="n2", ready=True, serving=True)
    cached = Cached([service(internalTrafficPolicy="Local")], slices(READY, other))
    assert service_table(cached, "n2") == {"tcp/127.9.16.70:80": [("127.9.34.3", 8080)]}
    assert service_table(cached, "n3") == {"tcp/127.9.16.70:80": []}


def test_headless_services_and_foreign_slices_are_left_out():
    assert service_table(Cached([service("None")], slices(READY)), "n1") == {}
    table = service_table(Cached([service()], slices(READY, owner="other")), "n1")
    assert table == {"tcp/127.9.16.70:80": []}
