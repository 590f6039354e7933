"""Since when each observer sees failures or nothing at all, and in a few words who does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from upgrade_e2e.format import duration
from upgrade_e2e.observers.live_status import LiveStatus

__all__ = ["ObserverState", "ObserverStates"]

_FAILING, _UNSEEN, _FINE = "failing", "no news", "ok"


@dataclass(frozen=True)
class ObserverState:
    """What one observer sees now, and since when it has been so (seconds since the origin)."""

    status: LiveStatus
    state: str
    since_s: float

    @property
    def failing(self) -> bool:
        """Whether its probes fail now."""
        return self.state == _FAILING

    @property
    def tone(self) -> str:
        """How a screen shows it: `bad`, `good`, or in no way of its own."""
        if self.failing:
            return "bad"
        return "good" if self.status.ok else ""

    def lasting(self, now_s: float) -> str:
        """How long it has been so, such as `failing for 43 s`."""
        return f"{self.state} for {duration(int(now_s - self.since_s))}"

    def in_words(self, now_s: float) -> str:
        """Such as `failing for 43 s: 21 timeout` or `ok, 98/s`."""
        status = self.status
        if self.failing:
            said = f"{self.lasting(now_s)}: {status.failed}"
        elif self.state == _UNSEEN:
            said = f"no news for {duration(int(status.silent_s))}"
        else:
            said = f"ok, {status.ok}/s" if status.ok else ""
        return "; ".join(filter(None, (said, status.aside))) or str(status)


@dataclass
class ObserverStates:
    """What all observers see; `last` is the last change, `last_s` when it was seen."""

    now: dict[str, ObserverState] = field(default_factory=dict)
    last: str = ""
    last_s: float = 0.0

    def update(self, statuses: Mapping[str, LiveStatus], now_s: float) -> None:
        """Take what is seen now; what is the same as before keeps its beginning."""
        for name, status in statuses.items():
            state = _state(status)
            before = self.now.get(name)
            if before is not None and before.state != state:
                self._note(name, before, status, now_s)
            since_s = before.since_s if before is not None and before.state == state else now_s
            self.now[name] = ObserverState(status, state, since_s)
        self.now = {name: one for name, one in self.now.items() if name in statuses}

    def _note(self, name: str, before: ObserverState, status: LiveStatus, now_s: float) -> None:
        if status.failing:
            self.note(f"{name} began to fail: {status.failed}", now_s)
        elif before.failing and not status.unseen:
            lasted = duration(int(now_s - before.since_s))
            self.note(f"{name} answers again after {lasted}", now_s)

    def note(self, what: str, now_s: float) -> None:
        """Something has happened."""
        self.last, self.last_s = what, now_s

    def summaries(self, now_s: float) -> Iterator[str]:
        """One line for a log, from the longest to the shortest; what is fine is not named."""
        failing = {name: one for name, one in self.now.items() if one.state == _FAILING}
        unseen = [name for name, one in self.now.items() if one.state == _UNSEEN]
        ill = len(failing) + len(unseen)
        fine = [("others" if ill else "all") + " fine"] if len(self.now) > ill else []
        names = [f"no news of {', '.join(unseen)}"] if unseen else []
        count = [f"no news of {len(unseen)}"] if unseen else []
        long = [f"{name} {one.in_words(now_s)}" for name, one in failing.items()]
        short = [f"{name} {one.lasting(now_s)}" for name, one in failing.items()]
        which = [f"{', '.join(failing)} failing"] if failing else []
        number = [f"{len(failing)} failing"] if failing else []
        for ills in (long + names, short + names, short + count, which + count, number + count):
            yield "; ".join([*ills, *fine])


def _state(status: LiveStatus) -> str:
    if status.failing:
        return _FAILING
    return _UNSEEN if status.unseen else _FINE
