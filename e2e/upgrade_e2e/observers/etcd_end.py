"""What the members of etcd hold when watching has ended: equal hashes at one revision, alarms."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster
from upgrade_e2e.errors import E2eError
from upgrade_e2e.observers.etcd_members import ask_json, find_members
from upgrade_e2e.timeline import Readings, SamplesBuilder, Series, Span, Window
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["ALARMS", "HASH", "EtcdAtTheEnd"]

HASH, ALARMS = "etcd_hashkv", "etcd_alarms"
"""The metrics of what is asked once; Prometheus knows none of this name."""
_SETTLE_S = 60.0
_ALARMS = {1: "NOSPACE", 2: "CORRUPT"}
_TROUBLE: tuple[type[Exception], ...] = (*TRANSIENT_API_ERRORS, E2eError, ValueError)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hashed:
    """The hash of all keys that a member has up to `revision`.

    Hashes can be compared when members have forgotten old revisions up to the same one, which is
    `compacted`.
    """

    node: str
    revision: int
    compacted: int
    value: int


class EtcdAtTheEnd:
    """A BackgroundTask that asks once, when what was read is handed over."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def start(self) -> None:
        """See BackgroundTask."""

    def missing(self) -> str:
        """See BackgroundTask."""
        return ""

    def status_line(self) -> str:
        """See BackgroundTask."""
        return ""

    def stop(self) -> None:
        """See BackgroundTask."""

    def samples(self, into: SamplesBuilder, window: Window) -> None:
        """See BackgroundTask."""

    def spans(self) -> tuple[Span, ...]:
        """See BackgroundTask."""
        return ()

    def broken(self) -> str:
        """See BackgroundTask."""
        return ""

    def readings(self, window: Window) -> Readings:
        """The hash of each member and the alarms, with the end of `window` as their time.

        Without what cannot be asked, for example because the upgrade has left no API server.
        """
        at_us = round(window.end_s * 1e6)
        asked = (_known(lambda: self._hashes(at_us)), _known(lambda: self._alarms(at_us)))
        return Readings(tuple(series for some in asked for series in some))

    def _hashes(self, at_us: int) -> list[Series]:
        hashes = wait_for(
            "members of etcd that have forgotten the same revisions",
            self._ask_hashes,
            lambda seen: len({one.compacted for one in seen}) == 1,
            Deadline(_SETTLE_S, every_s=1.0),
            transient=_TROUBLE,
        )
        return [
            _reading(HASH, one.node, at_us, one.value, revision=str(one.revision)) for one in hashes
        ]

    def _ask_hashes(self) -> tuple[Hashed, ...]:
        """All at the lowest revision that a member has reached, so that each has all of it."""
        asked = ask_json(self._cluster, "endpoint", "status", "--cluster")
        revision = min(int(one["Status"]["header"]["revision"]) for one in asked)
        rev = f"--rev={revision}"
        answers = ask_json(self._cluster, "endpoint", "hashkv", "--cluster", rev)
        nodes = {_host(member.client_url): member.node for member in find_members(self._cluster)}
        return tuple(_hashed(one, revision, nodes) for one in answers)

    def _alarms(self, at_us: int) -> list[Series]:
        listed = ask_json(self._cluster, "alarm", "list").get("alarms") or []
        kinds = sorted({_ALARMS.get(one.get("alarm", 0), "unknown") for one in listed})
        return [_reading(ALARMS, "", at_us, len(listed), kinds=", ".join(kinds))]


def _known(ask: Callable[[], list[Series]]) -> list[Series]:
    """What is answered; nothing where the members do not answer."""
    try:
        return ask()
    except _TROUBLE as error:
        _log.warning("the members of etcd do not say what they hold: %s", error)
        return []


def _hashed(answers: Mapping[str, Any], revision: int, nodes: Mapping[str, str]) -> Hashed:
    """One answer; etcdctl leaves out numbers that are 0."""
    host = _host(answers["Endpoint"])
    answer = answers["HashKV"]
    return Hashed(
        node=nodes.get(host, host),
        revision=revision,
        compacted=int(answer.get("compact_revision", 0)),
        value=int(answer.get("hash", 0)),
    )


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _reading(metric: str, node: str, at_us: int, value: float, **labels: str) -> Series:
    return Series(
        metric=metric,
        node=node,
        labels=labels,
        at_us=np.array([at_us], np.int64),
        value=np.array([value], np.float64),
    )
