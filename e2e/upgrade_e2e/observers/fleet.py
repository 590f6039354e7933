"""All probers of an observation: started, asked, stopped and emptied together."""

from __future__ import annotations

import logging
import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, retry_api
from upgrade_e2e.errors import E2eError
from upgrade_e2e.observers.base import DeployContext, Probe
from upgrade_e2e.observers.clock import ClockOffset, measure_offset
from upgrade_e2e.observers.link import Link, get_json
from upgrade_e2e.observers.live_status import LiveStatus
from upgrade_e2e.observers.node_prober import (
    apply_node_probers,
    find_node_probers,
    refused_pods,
    remove_rights,
)
from upgrade_e2e.observers.prober import LocalProber, apply_probers, find_probers, prober_spec
from upgrade_e2e.observers.spool import Segment, fetch_segments
from upgrade_e2e.observers.status_poller import StatusPoller, complaints

__all__ = ["Clocks", "Fleet"]

T = TypeVar("T")
Clocks = dict[tuple[str, str], ClockOffset]
"""Clock offsets by node and boot id."""

_log = logging.getLogger(__name__)
COLLECT_S = 120.0
CLOCK_S = 30.0
POLL_EVERY_S = 2.0
STATUS_TIMEOUT_S = 3.0
UNREACHED: tuple[type[Exception], ...] = (*TRANSIENT_API_ERRORS, E2eError, ValueError)


class Fleet:
    """The probers on the nodes and the one on this machine."""

    def __init__(self, context: DeployContext) -> None:
        self._site = context
        self._local: LocalProber | None = None
        self._on_nodes = False
        self._node_probers: tuple[str, ...] = ()
        self._token = secrets.token_urlsafe(24)
        self._links: tuple[Link, ...] = ()
        self._poller = StatusPoller(lambda: self._links, POLL_EVERY_S)
        self.clocks: Clocks = {}

    def deploy(
        self,
        node_probes: Mapping[str, Sequence[Probe]],
        host_probes: Mapping[str, Sequence[Probe]],
        own_node_probes: Mapping[str, Sequence[Probe]] | None = None,
        control_plane_probes: Mapping[str, Sequence[Probe]] | None = None,
    ) -> None:
        """Apply the DaemonSets and start the local prober, each only if there are probes for it."""
        run = uuid.uuid4().hex[:12]
        if node_probes:
            self._on_nodes = True
            apply_probers(self._site, prober_spec(run, self._token, node_probes))
        self._node_probers = apply_node_probers(
            self._site, run, self._token, own_node_probes or {}, control_plane_probes or {}
        )
        if host_probes:
            spec = prober_spec(run, self._token, host_probes)
            self._local = LocalProber(self._site, spec)
            self._local.start()

    def complaints(self) -> list[str]:
        """What is missing before every stream works. Raises what the links raise."""
        self._links = self._find()
        asked = self._on_all(
            lambda link: list(complaints(link.node, get_json(link, "/status", STATUS_TIMEOUT_S)))
        )
        return [text for texts in asked for text in texts]

    def refused(self) -> str:
        """Why the cluster does not let some of the probers in; empty when it does."""
        return refused_pods(self._site, self._node_probers) if self._node_probers else ""

    def settle(self) -> None:
        """All probers work: measure their clocks, and ask for their status from now on."""
        self._measure_clocks()
        self._poller.start()

    def statuses(self) -> dict[str, LiveStatus]:
        """What each observer sees now, from the last status received."""
        return self._poller.statuses()

    def collect(self) -> list[Segment]:
        """Stop all probers and fetch what they saw.

        One that cannot be reached within two minutes is logged and left out: its streams have no
        samples, which makes claims about them inconclusive.
        """
        self._poller.stop()
        self._find_again()
        collected = self._on_all(self._collect_one)
        self._measure_clocks()
        return [segment for segments in collected for segment in segments]

    def close(self) -> None:
        """End what runs on this machine. May be called more than once."""
        self._poller.stop()
        if self._local is not None:
            self._local.stop()

    def remove(self) -> None:
        """Delete what the probers have outside of the namespace."""
        if self._node_probers:
            remove_rights(self._site)

    def _find(self) -> tuple[Link, ...]:
        on_nodes: tuple[Link, ...] = ()
        if self._on_nodes:
            on_nodes = find_probers(self._site, self._token)
        on_nodes += find_node_probers(self._site, self._token, self._node_probers)
        local = self._local.link if self._local is not None else None
        return on_nodes if local is None else (*on_nodes, local)

    def _find_again(self) -> None:
        known = {link.name: link for link in self._links}
        try:
            found = retry_api(self._find, COLLECT_S)
        except TRANSIENT_API_ERRORS as error:
            _log.warning("the probers cannot be listed, so the last known are asked: %s", error)
            return
        self._links = tuple({**known, **{link.name: link for link in found}}.values())

    def _collect_one(self, link: Link) -> tuple[Segment, ...]:
        try:
            retry_api(lambda: link.request("POST", "/stop", timeout_s=30.0), COLLECT_S)
            return fetch_segments(link, COLLECT_S)
        except UNREACHED as error:
            _log.warning("the samples of %s cannot be collected: %s", link.node, error)
            return ()

    def _measure_clocks(self) -> None:
        for offset in self._on_all(self._measure_one):
            if offset is None:
                continue
            node, clock = offset
            known = self.clocks.get((node, clock.boot_id))
            if known is None or clock.error_s < known.error_s:
                self.clocks[node, clock.boot_id] = clock

    def _measure_one(self, link: Link) -> tuple[str, ClockOffset] | None:
        try:
            return link.node, retry_api(lambda: measure_offset(link, self._site.origin), CLOCK_S)
        except UNREACHED as error:
            _log.warning("the clock of %s cannot be measured: %s", link.node, error)
            return None

    def _on_all(self, do: Callable[[Link], T]) -> list[T]:
        if not self._links:
            return []
        with ThreadPoolExecutor(len(self._links), thread_name_prefix="probers") as pool:
            return list(pool.map(do, self._links))
