"""In which step a node joined whose pods a view is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from upgrade_e2e.format import moment
from upgrade_e2e.judge.steps import Steps
from upgrade_e2e.timeline import NEW, Stream

__all__ = ["joined_in"]

_JOIN_NODE = "join-node"
"""The kind of the steps in which nodes join."""


def joined_in(streams: Iterable[Stream], steps: Steps) -> Iterator[str]:
    """For each new node of these streams, a sentence with the step in which it joined, and when.

    Its first pods may start when that step has just ended, so their own steps need not name it.
    """
    nodes = {one.node for one in streams if one.name.partition("@")[0].endswith(NEW)}
    for node in sorted(nodes):
        for span in steps.named(_JOIN_NODE):
            if span.is_on(node):
                when = f"from {moment(span.start_s)} to {moment(span.end_s)}"
                yield f"{node} joined in the step {span.name}, {when}"
