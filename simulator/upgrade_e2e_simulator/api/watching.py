"""Watches: a stream of changes to a selection, from a revision on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from upgrade_e2e_simulator.api.selection import Selection, number
from upgrade_e2e_simulator.api.status import bad_request, expired
from upgrade_e2e_simulator.store import Change, Compacted, Object, Store

__all__ = ["Event", "WatchOptions", "watch"]

DEFAULT_TIMEOUT_S = 1800
_BEHIND = 20_000
"""A watcher that is this many events behind is cut off, as the API server does."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a watch: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR."""

    kind: str
    obj: Object


@dataclass(frozen=True)
class WatchOptions:
    """Where a watch begins and how it ends. `revision` 0 means: all there is, then the changes."""

    revision: int = 0
    bookmarks: bool = False
    initial: bool = False
    timeout_s: float = DEFAULT_TIMEOUT_S

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> WatchOptions:
        """From the query. Raises 400."""
        revision = query.get("resourceVersion") or "0"
        if not revision.isdigit():
            raise bad_request(f'invalid resource version "{revision}"')
        return cls(
            revision=int(revision),
            bookmarks=query.get("allowWatchBookmarks") in {"true", "1"},
            initial=query.get("sendInitialEvents") in {"true", "1"},
            timeout_s=number(query, "timeoutSeconds") or DEFAULT_TIMEOUT_S,
        )


async def watch(
    store: Store, selection: Selection, options: WatchOptions, bookmark_every_s: float
) -> AsyncIterator[Event]:
    """The events, until the timeout. History that is gone is an ERROR event of 410."""
    resource = selection.resource
    queue: asyncio.Queue[Change] = asyncio.Queue(_BEHIND)
    try:
        first = _first_events(store, selection, options)
    except Compacted as error:
        yield Event("ERROR", expired(f"too old resource version: {error}").status)
        return
    unsubscribe = store.subscribe(resource.name, _feed(queue))
    try:
        seen = store.revision
        for event in first:
            yield event
        if options.initial and options.bookmarks:
            yield _bookmark(selection, seen, initial_end=True)
        async for event in _follow(queue, selection, options, bookmark_every_s, store):
            yield event
    finally:
        unsubscribe()


def _feed(queue: asyncio.Queue[Change]) -> Callable[[Change], None]:
    def put(change: Change) -> None:
        with suppress(asyncio.QueueFull):
            queue.put_nowait(change)

    return put


def _first_events(store: Store, selection: Selection, options: WatchOptions) -> list[Event]:
    if options.revision == 0 or options.initial:
        objects = store.objects(selection.resource.name, selection.namespace)
        return [Event("ADDED", obj) for obj in objects if selection.covers(obj)]
    changes = store.since(selection.resource.name, options.revision)
    events = (_event_of(change, selection) for change in changes)
    return [event for event in events if event is not None]


def _event_of(change: Change, selection: Selection) -> Event | None:
    """What a change means to one who sees only the selection."""
    was = change.old is not None and selection.covers(change.old)
    is_now = not change.gone and selection.covers(change.new)
    if is_now:
        return Event("MODIFIED" if was else "ADDED", change.new)
    return Event("DELETED", change.new) if was else None


async def _follow(
    queue: asyncio.Queue[Change],
    selection: Selection,
    options: WatchOptions,
    bookmark_every_s: float,
    store: Store,
) -> AsyncIterator[Event]:
    end = time.monotonic() + options.timeout_s
    next_bookmark = time.monotonic() + bookmark_every_s
    while (left := end - time.monotonic()) > 0 and not queue.full():
        wait_s = min(left, max(0.0, next_bookmark - time.monotonic()))
        try:
            change = queue.get_nowait() if queue.qsize() else await _next(queue, wait_s)
        except TimeoutError:
            next_bookmark = time.monotonic() + bookmark_every_s
            if options.bookmarks and queue.empty():
                yield _bookmark(selection, store.revision)
            continue
        event = _event_of(change, selection)
        if event is not None:
            yield event


async def _next(queue: asyncio.Queue[Change], wait_s: float) -> Change:
    async with asyncio.timeout(wait_s):
        return await queue.get()


def _bookmark(selection: Selection, revision: int, *, initial_end: bool = False) -> Event:
    meta: Object = {"resourceVersion": str(revision), "creationTimestamp": None}
    if initial_end:
        meta["annotations"] = {"k8s.io/initial-events-end": "true"}
    resource = selection.resource
    body = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta}
    return Event("BOOKMARK", body)
