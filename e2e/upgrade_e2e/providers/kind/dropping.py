"""Packets that a node drops for a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from upgrade_e2e.command import Runner

__all__ = ["MARK", "packets_dropped"]

MARK = "upgrade-e2e"
"""The comment of each of our rules, by which they are found when their process was killed."""
_COMMAND_S = 30.0


@contextlib.contextmanager
def packets_dropped(runner: Runner, chain: str, *matching: str, ipv6: bool) -> Iterator[None]:
    """The node drops what comes through a chain of iptables and matches, until the block ends.

    However the block ends, the rule is taken back; where the process is killed, undoing.py does.
    """
    program = "ip6tables" if ipv6 else "iptables"
    rule = (chain, *matching, "--match", "comment", "--comment", MARK, "--jump", "DROP")
    runner.run(program, "--wait", "--insert", *rule, timeout_s=_COMMAND_S)
    try:
        yield
    finally:
        runner.run(program, "--wait", "--delete", *rule, timeout_s=_COMMAND_S)
