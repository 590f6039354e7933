"""Watches of the API, as the official library has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kubernetes import watch

__all__ = ["watch_events"]

_WATCH_S = 60


def watch_events(
    listing: Callable[..., Any], *where: str, version: str, silence_s: float, **selectors: str
) -> Iterator[dict[str, Any]]:
    """The events after `version` of what a call of the library lists.

    `where` are the arguments of the call, such as the namespace. Ends by itself after a while, or
    by an error when no event comes for `silence_s`.
    """
    stream: Iterator[dict[str, Any]] = watch.Watch().stream(  # type: ignore[no-untyped-call]
        listing,
        *where,
        resource_version=version,
        timeout_seconds=_WATCH_S,
        deserialize=False,
        _request_timeout=(silence_s, silence_s),
        **selectors,
    )
    return stream
