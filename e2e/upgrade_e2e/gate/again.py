"""The commands that make further runs which can be compared with those at hand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from upgrade_e2e.gate.choices import option_of
from upgrade_e2e.gate.run import Run
from upgrade_e2e.options import OPTIONS
from upgrade_e2e.version import KubeVersion

__all__ = ["Again"]

_OPTIONS = {option.name: option for option in OPTIONS}
_GUARDS = "guard-rails"
_GUARD_PAIR = "--guard-forbidden FILE --guard-allowed FILE --guard-words TEXT"
_COUNTED = re.compile(r"(\d+) control plane\(s\), (\d+) worker\(s\)")
_USUAL_NODES = {"control-planes": "1", "workers": "2"}
_BRING_NODES = frozenset({"kind-config", "reuse-cluster"})
_AROUND = frozenset({"watch-before", "watch-after"})
_ADDED = re.compile(r"(: \d+ control plane\(s\)| \(sha256).*$", re.DOTALL)
"""What a choice says behind the value of its option: the nodes of a file, or a digest."""


@dataclass(frozen=True)
class Again:
    """`command` makes a run as `upgrade-e2e run` does, with the options that must be alike.

    Each run needs a folder of its own, as it replaces what an earlier one left in the same. The
    folder is named by the time at which the command is given, so that it can be given many times.
    """

    command: str = "upgrade-e2e run --path VERSION,VERSION"

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Again:
        """As the first of these runs whose nodes are known; versions to fill in without a run.

        A file whose name is not kept is FILE. Simulated runs are made again on real clusters, as
        more rehearsals would not help.
        """
        if not runs:
            return cls()
        like = next((run for run in runs if run.nodes), runs[0])
        return cls(" ".join(("upgrade-e2e run", *_words(like))))

    @property
    def candidate(self) -> str:
        """One more run of the version that is decided on."""
        return f"{self.command} --artifacts-dir candidate-$(date +%s)"

    @property
    def control(self) -> str:
        """A run with an outage that must be noticed."""
        return f"{self.command} --fault coredns-replicas=1 --artifacts-dir control-$(date +%s)"


def _words(run: Run) -> Iterator[str]:
    yield f"--path {','.join(_path(run))}"
    yield f"--provider {'kind' if run.simulated else run.provider}"
    if run.limits:
        yield "--limits FILE"
    if not _BRING_NODES & run.choices.keys():
        yield from _nodes(run)
    for choice, value in run.choices.items():
        # Seconds around a simulated pass say nothing of a real one, which takes ten times as long.
        if not (run.simulated and option_of(choice) in _AROUND):
            yield from _option(option_of(choice), value)


def _path(run: Run) -> tuple[str, ...]:
    """A simulated cluster can look like versions that have no image; their minors have one."""
    minors = tuple(str(KubeVersion.parse(version).minor_version) for version in run.path)
    return minors if run.simulated and len(set(minors)) == len(minors) else run.path


def _nodes(run: Run) -> Iterator[str]:
    if found := _COUNTED.fullmatch(run.nodes):
        for (name, usual), count in zip(_USUAL_NODES.items(), found.groups(), strict=True):
            if count != usual:
                yield f"--{name} {count}"


def _option(name: str, value: str) -> Iterator[str]:
    """A choice as it is asked for; nothing for what was found out of a cluster."""
    if name == _GUARDS:
        yield from (_GUARD_PAIR for _ in value.split(", "))
    elif name in _OPTIONS:
        kind = _OPTIONS[name].type
        if kind is bool:
            yield f"--{name}"
        elif kind is float:
            yield f"--{name} {value.removesuffix(' s')}"
        else:
            yield f"--{name} {shlex.quote(_ADDED.sub('', value))}"
