"""Packets that a node drops for a time."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator

from upgrade_e2e.command import Runner

__all__ = ["BETWEEN_MEMBERS", "MARK", "packets_dropped"]

MARK = "upgrade-e2e"
"""The comment of each of our rules, by which they are found when their process was killed."""
_PEERS = "2380"
BETWEEN_MEMBERS = tuple(
    (chain, "--protocol", "tcp", port, _PEERS)
    for chain, port in itertools.product(("INPUT", "OUTPUT"), ("--dport", "--sport"))
)
"""All that passes between a member of etcd and the others, as iptables matches it."""
_COMMAND_S = 30.0


@contextlib.contextmanager
def packets_dropped(runner: Runner, chain: str, *matching: str, ipv6: bool) -> Iterator[None]:
    """The node drops what comes through a chain of iptables and matches, until the block ends.

    However the block ends, the rule is taken back; where the process is killed, undoing.py does.
    """
    program = "ip6tables" if ipv6 else "iptables"
    rule = (chain, *matching, "--match", "comment", "--comment", MARK, "--jump", "DROP")
    try:
        runner.run(program, "--wait", "--insert", *rule, timeout_s=_COMMAND_S)
    except BaseException:  # where only the answer was lost, the rule is there
        runner.run(program, "--wait", "--delete", *rule, timeout_s=_COMMAND_S, check=False)
        raise
    try:
        yield
    finally:
        runner.run(program, "--wait", "--delete", *rule, timeout_s=_COMMAND_S)
