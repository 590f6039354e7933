"""Packets that a node drops for a time."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator

from upgrade_e2e.command import Runner

__all__ = ["BETWEEN_MEMBERS", "let_members_through", "packets_dropped"]

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

    However the block ends, the rule is taken back.
    """
    program = "ip6tables" if ipv6 else "iptables"
    rule = (chain, *matching, "--jump", "DROP")
    try:
        runner.run(program, "--wait", "--insert", *rule, timeout_s=_COMMAND_S)
    except BaseException:  # where only the answer was lost, the rule is there
        runner.run(program, "--wait", "--delete", *rule, timeout_s=_COMMAND_S, check=False)
        raise
    try:
        yield
    finally:
        runner.run(program, "--wait", "--delete", *rule, timeout_s=_COMMAND_S)


def let_members_through(runner: Runner) -> None:
    """Take back what a killed process has left of such rules; none is fine too."""
    for program in ("iptables", "ip6tables"):
        listed = runner.run(program, "--wait", "--list-rules", timeout_s=_COMMAND_S, check=False)
        for rule in BETWEEN_MEMBERS if f" {_PEERS} " in listed.stdout else ():
            argv = (program, "--wait", "--delete", *rule, "--jump", "DROP")
            runner.run(*argv, timeout_s=_COMMAND_S, check=False)
