"""The API keeps answering reads, writes and watches while its servers are replaced one by one.

The story: clients held connections through a load balancer to an API server that went away without
closing them. Their side stayed open, so nodes could not report and were declared dead 15 minutes
before anyone noticed the half-open sockets. /readyz stayed green: reads came from a cache, and only
writes would have shown the problem. So this probes writes, and a watch that must see them.

With a single control plane the API is away by design while its server restarts. There the claims
need three, and in their place stands how long it may be away.
"""

import pytest

from upgrade_e2e import ApiServer, Seen, Upgraded

API = ApiServer(rate_hz=10)
HA = 3


@pytest.mark.observes(API)
def test_the_api_stays_available(upgraded, limits):
    """Reads, writes and the watch go on while the control planes are upgraded one by one."""
    seen = saw_with_three(upgraded)
    assert seen.availability >= limits.api.availability, seen.explain()
    assert seen.only(stream="watch").longest_gap_s <= limits.api.watch_gap_s, seen.explain()


@pytest.mark.observes(API)
def test_the_api_stays_fast(upgraded, limits):
    """Reads and writes of one object are answered fast during the upgrade."""
    seen = saw_with_three(upgraded)
    reads, writes = seen.only(stream="get"), seen.only(stream="write")
    assert reads.p99_s <= limits.api.read_p99_s, reads.explain()
    assert writes.p99_s <= limits.api.write_p99_s, writes.explain()


@pytest.mark.observes(API)
def test_the_api_answers_between_absences(upgraded, limits):
    """While a single control plane is not away, reads and writes go on, and most of them fast.

    When it is back, all that watch it come at once, so that one in twenty may take longer.
    """
    if upgraded.capabilities.simulated:
        pytest.skip("a simulated API server shares its cores with everything else")
    seen = saw_with_one(upgraded).between_absences()
    assert seen.failure_ratio <= 1 - limits.api.availability, seen.explain()
    reads, writes = seen.only(stream="get"), seen.only(stream="write")
    assert reads.p95_s <= limits.api.read_p99_s, reads.explain()
    assert writes.p95_s <= limits.api.write_p99_s, writes.explain()


@pytest.mark.observes(API)
def test_the_api_comes_back(upgraded, limits):
    """A single control plane is away no longer than a stock upgrade takes."""
    seen = saw_with_one(upgraded)
    assert seen.api_away_s <= limits.api.away_s, seen.explain()
    assert seen.longest_api_away_s <= limits.api.longest_away_s, seen.explain()


def saw_with_three(upgraded: Upgraded) -> Seen:
    """What the API's probes saw; skips where the API is away by design."""
    if upgraded.control_planes < HA:
        pytest.skip("one control plane: the API is away while it restarts; needs three")
    return upgraded.saw(API)


def saw_with_one(upgraded: Upgraded) -> Seen:
    """What the API's probes saw of a single control plane; skips where there are more."""
    if upgraded.control_planes >= HA:
        pytest.skip("three control planes: the API must stay; see the other claims")
    return upgraded.saw(API)
