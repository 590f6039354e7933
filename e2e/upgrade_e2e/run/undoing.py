"""What a pass undoes at its end in a cluster that is not ours, however the pass ended."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster
from upgrade_e2e.errors import E2eError
from upgrade_e2e.observers import Observation, put_back
from upgrade_e2e.run.pass_request import PassRequest
from upgrade_e2e.upgrade import planted_in

__all__ = ["leaving_no_trace", "putting_back"]

_TROUBLE: tuple[type[Exception], ...] = (E2eError, *TRANSIENT_API_ERRORS)


@contextlib.contextmanager
def leaving_no_trace(what: PassRequest, observation: Observation) -> Iterator[None]:
    """At the end all that was deployed is deleted again."""
    try:
        yield
    finally:
        if what.settings.reuse_cluster:
            _undo(observation.remove, what)


@contextlib.contextmanager
def putting_back(what: PassRequest, find: Callable[[], Cluster | None]) -> Iterator[None]:
    """At the end faults that can be taken back are.

    `find` gives the cluster, and None when the pass did not come so far.
    """
    try:
        yield
    finally:
        cluster = find()
        if what.settings.reuse_cluster and cluster is not None:
            _undo(lambda: put_back(planted_in(what.plan), cluster), what)


def _undo(work: Callable[[], None], what: PassRequest) -> None:
    """Do this; where it fails, the user is shown why, and the pass ends as it would have."""
    try:
        work()
    except _TROUBLE as error:
        what.progress.say(f"the cluster is not as it was before: {error}")
