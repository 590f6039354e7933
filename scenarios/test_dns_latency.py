"""Lookups keep answering, and fast, while CoreDNS rolls and nodes drain.

The story: a cluster's applications resolved short names under ndots:5, so each lookup cost ten
queries. A burst of traffic drowned CoreDNS, its pods ran out of memory one after another, and
every service in the cluster failed because none could find another. An upgrade provokes the same
in small: it replaces all CoreDNS pods, and drains evict those that stand on the same node
together. For the seconds in between, new lookups time out; a client that waits 5 s for its first
retry turns that into an outage of its own.

A resolver asks again after 5 s, so a lookup counts as failed when it fails twice, 5 s apart. What a
client must not see either is a node without any answer for long, or failures that never end. A
client that keeps its socket is hurt for longer than others when a CoreDNS pod goes (connection
tracking goes on sending its queries there), so it has a claim of its own.

On a single node nothing is drained, but CoreDNS and kube-proxy are rolled all the same, next to
the pods that they serve: both claims are made there too.
"""

import pytest

from upgrade_e2e import DnsLookups

LOOKUPS = DnsLookups("kubernetes.default", rate_hz=50)


@pytest.mark.observes(LOOKUPS)
def test_lookups_keep_answering(upgraded, limits):
    """Lookups of in-cluster names are answered, at the second try at the latest."""
    seen = upgraded.saw(LOOKUPS).without(connection="reused")
    assert seen.retried().failure_ratio <= limits.dns.failure_ratio, seen.explain()
    assert seen.longest_silence_s <= limits.dns.silence_s, seen.explain()
    assert seen.bad_share <= limits.dns.bad_share, seen.explain()


@pytest.mark.observes(LOOKUPS)
def test_a_kept_socket_keeps_answering(upgraded, limits):
    """A client that keeps its socket is answered again by the time it asks again."""
    seen = upgraded.saw(LOOKUPS).only(connection="reused")
    assert seen.longest_silence_s <= limits.dns.kept_silence_s, seen.explain()
    assert seen.bad_share <= limits.dns.bad_share, seen.explain()


@pytest.mark.observes(LOOKUPS)
def test_lookups_stay_fast(upgraded, limits):
    """Lookups of in-cluster names stay fast throughout the upgrade, on every node."""
    for seen in upgraded.saw(LOOKUPS).without(connection="reused").by_node().values():
        assert seen.p50_s <= limits.dns.p50_s, seen.explain()
        assert seen.p99_s <= limits.dns.p99_s, seen.explain()
