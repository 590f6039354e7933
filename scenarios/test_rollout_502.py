"""A rolling update and node drains give no 502, no refused and no cut connection.

The story: every deployment of a well-behaved service gave a handful of 502s. A pod that must
stop does so at once, but proxies and kube-proxy on other nodes learn of it a moment later and keep
sending. The fix is known: a preStop delay, a server that finishes open requests, a readiness probe,
a PodDisruptionBudget. An upgrade evicts every pod once, so it shows whether the fix works.

Where there is one worker, the pods may move to control planes. On a single node none is evicted:
there both claims are about the rolling updates, and about containers that go on running while
their kubelet is replaced.
"""

import pytest

from upgrade_e2e import HttpEdge, HttpService, Workload

WELL_BEHAVED = Workload(replicas=3, pre_stop_s=5, pdb_min_available=2, rollout_every_s=90)
WEB = HttpService(rate_hz=25, workload=WELL_BEHAVED)
EDGE = HttpEdge(rate_hz=20, backend=WEB)


@pytest.mark.observes(WEB)
def test_no_connection_is_refused_or_cut(upgraded, limits):
    """Requests through the Service succeed, and in time, while its pods roll and move."""
    seen = upgraded.saw(WEB)
    assert seen.failures_per_s <= limits.http.failures_per_s, seen.explain()
    assert seen.longest_silence_s <= limits.http.silence_s, seen.explain()
    assert seen.longest_brownout_s <= limits.http.brownout_s, seen.explain()
    assert seen.bad_share <= limits.http.bad_share, seen.explain()


@pytest.mark.observes(EDGE)
def test_the_edge_gives_no_502(upgraded, limits):
    """Requests through an nginx in front of the Service never see a broken backend."""
    seen = upgraded.saw(EDGE)
    assert seen.failures_per_s <= limits.http.failures_per_s, seen.explain()
    assert seen.longest_silence_s <= limits.http.silence_s, seen.explain()
    assert seen.longest_brownout_s <= limits.http.brownout_s, seen.explain()
    assert seen.bad_share <= limits.http.bad_share, seen.explain()


@pytest.mark.observes(WEB, EDGE)
def test_requests_stay_fast(upgraded, limits):
    """Requests through the Service and through the edge stay fast, from every node."""
    for observer in (WEB, EDGE):
        for seen in upgraded.saw(observer).by_node().values():
            assert seen.p50_s <= limits.http.p50_s, seen.explain()
            assert seen.p99_s <= limits.http.p99_s, seen.explain()
