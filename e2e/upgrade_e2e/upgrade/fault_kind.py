"""What an entry of the catalogue of faults is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

__all__ = ["KIND", "KIND_AND_SIM", "SIM", "YOUR_WEBHOOK", "ActsOn", "FaultKind"]

ActsOn = Literal["workload", "cluster", "nodes", "backups"]


@dataclass(frozen=True)
class FaultKind:
    """One entry of the catalogue.

    `form` is an example of how the fault is written, `breaks` says what goes wrong, `does` how
    that is brought about. `check` reads the value, or raises BadInput. `acts_on` says who plants
    it: a fault of the `workload` is built into what observers deploy, one of the `cluster` is
    planted through the Kubernetes API, one of the `nodes` by the provider, and one of the `backups`
    changes what observers have stored. `providers` names the providers that can plant it; empty
    means any. `needs` says what else must be there for it to change something, such as a scenario;
    empty for nothing. `hits` gives the step (kind or name) that is to go wrong for a value: the
    fault comes before that step or changes nothing.
    `on` gives the node that a value names, empty for none: it must be one of the plan.
    `control_planes` is how many of them it needs. One that comes `late` would keep observers from
    getting ready: without a step of its own it comes before the first step of the upgrade.
    """

    name: str
    form: str
    breaks: str
    does: str
    check: Callable[[str], object]
    acts_on: ActsOn
    providers: frozenset[str] = frozenset()
    needs: str = ""
    hits: Callable[[str], str] | None = None
    on: Callable[[str], str] | None = None
    control_planes: int = 1
    late: bool = False

    def plantable_on(self, provider: str) -> bool:
        """Whether this fault can be planted in clusters of `provider`."""
        return not self.providers or provider in self.providers

    @property
    def works_on(self) -> str:
        """The providers that can plant it, and what else it needs, for people."""
        places = ", ".join(sorted(self.providers)) or "any cluster"
        return "; ".join(filter(None, (places, self.needs)))


KIND_AND_SIM = frozenset({"kind", "sim"})
KIND, SIM = frozenset({"kind"}), frozenset({"sim"})
"""Which providers can plant it."""
YOUR_WEBHOOK = "a webhook of yours in the cluster"
"""What the faults of a user's own webhook need."""
