"""What a policy forbids is refused at every moment of an upgrade, and what it allows goes through.

The story: a policy engine kept privileged containers out of a cluster. Its webhook was registered
with failurePolicy Ignore and a timeout of 3 s, because a webhook that must answer can stop a whole
cluster. While nodes were drained, all of its pods were moved at once. For those seconds the API
server went on without it, and what should never have been admitted was, without a word in any log
that somebody read. The audit, minutes later, found it running. On another day it was the other way
round: the webhook that guards namespaces must answer, and with its pods away nothing could be
created at all. Guard rails open and a blocked cluster can be seen in the same moment.

So an object that a policy forbids and one that it allows are created all the time, as dry runs.
Only the policy's own words count as its refusal: while an API server starts, it answers 403 with
words of its own.
"""

import pytest

from upgrade_e2e import GuardRails, Seen, Upgraded

GUARDS = GuardRails(rate_hz=10)
STABLE_FROM = (1, 30)


@pytest.mark.observes(GUARDS)
def test_nothing_forbidden_is_admitted(upgraded, limits):
    """What a policy forbids is refused at every moment."""
    for seen in objects(watched(upgraded), "forbidden"):
        assert seen.failures <= limits.guard.admitted, seen.explain()


@pytest.mark.observes(GUARDS)
def test_what_is_allowed_is_admitted(upgraded, limits):
    """While the API server answers, what the policies allow goes through."""
    for seen in objects(watched(upgraded).between_absences(), "allowed"):
        assert seen.failure_ratio <= limits.guard.refused_ratio, seen.explain()
        assert seen.longest_silence_s <= limits.guard.closed_s, seen.explain()


def watched(upgraded: Upgraded) -> Seen:
    """What was seen of the guard rails; skips where there are none to watch."""
    if upgraded.capabilities.simulated:
        pytest.skip("a simulated API server has no policies; needs a real one")
    major, minor = upgraded.path[0].removeprefix("v").split(".")[:2]
    if (int(major), int(minor)) < STABLE_FROM:
        pytest.skip(f"{upgraded.path[0]} has no ValidatingAdmissionPolicy v1; needs v1.30")
    return upgraded.saw(GUARDS)


def objects(seen: Seen, kind: str) -> list[Seen]:
    """The streams of the forbidden objects, or of the allowed ones: one for each policy."""
    named = (one for name, one in seen.by_stream().items() if name.startswith(f"{kind}-"))
    return [seen.only(stream=kind), *named]
