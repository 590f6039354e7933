"""The API keeps answering reads, writes and watches while its servers are replaced one by one.

The story: clients held connections through a load balancer to an API server that went away
without a word. Their side of the connection stayed open, so nodes could not report and were
declared dead 15 minutes before anyone noticed the half-open sockets. /readyz was green all the
while: reads came from a cache, and only writes would have told. So this probes writes, and a watch
that must see them.

With a single control plane the API is away by design while its server restarts; the claim needs
three.
"""

import pytest

from e2e.observers import ApiServer
from fixtures import observes

API = ApiServer(rate_hz=10)
HA = 3


@observes(API)
def test_the_api_stays_available(upgraded, limits):
    """Reads, writes and the watch go on while the control planes are upgraded one by one."""
    if upgraded.control_planes < HA:
        pytest.skip("one control plane: the API is away while it restarts; needs three")
    seen = upgraded.saw(API)
    assert seen.availability >= limits.api.availability, seen.explain()
    assert seen.only(stream="watch").longest_gap_s <= limits.api.watch_gap_s, seen.explain()
