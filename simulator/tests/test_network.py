"""Address plans: every address is loopback, and no two things share one."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e_simulator.errors import BadInput
from upgrade_e2e_simulator.network import ClusterNetwork, claim_network
from upgrade_e2e_simulator.node.node import PodAddresses


@given(st.integers(20, 249), st.integers(1, 1792))
def test_ranges_are_loopback_and_apart(octet, nodes):
    network = ClusterNetwork(octet, nodes)
    last = network.pods(nodes - 1)
    assert str(last.broadcast_address).startswith(f"127.{octet}.")
    assert last.network_address > network.services.broadcast_address
    assert IPv4Address(network.node(nodes - 1)) < network.services.network_address
    if nodes > 1:
        assert network.pods(0).broadcast_address < network.pods(1).network_address


def test_claims_do_not_overlap_and_are_free_again():
    first, second = claim_network(3), claim_network(3)
    assert first.network.octet != second.network.octet
    first.release()
    again = claim_network(3)
    assert again.network.octet == first.network.octet
    second.release()
    again.release()


@pytest.mark.parametrize("nodes", [0, 2000])
def test_too_few_or_too_many_nodes_are_refused(nodes):
    with pytest.raises(BadInput, match="nodes"):
        claim_network(nodes)


def test_pod_addresses_are_given_out_once_and_reused_last():
    addresses = PodAddresses(ClusterNetwork(20, 3).pods(0))
    taken = [addresses.take() for _ in range(addresses.capacity)]
    assert len(set(taken)) == len(taken)
    with pytest.raises(IndexError):
        addresses.take()
    addresses.give_back(taken[0])
    assert addresses.take() == taken[0]
