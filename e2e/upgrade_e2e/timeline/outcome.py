"""What became of one probe, in classes that a person can act on."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Connection", "Outcome"]


class Outcome(IntEnum):
    """The result of one probe.

    The numbers are part of the format of sample files (docs/artifacts.md): add, never renumber.
    """

    OK = 0
    REFUSED = 1
    """The connection was refused (RST in answer to SYN, or ICMP port unreachable)."""
    RESET = 2
    """The connection was reset or closed before the first byte of the answer."""
    RESET_IN_BODY = 3
    """The answer began and was cut off."""
    TIMEOUT = 4
    """No complete answer within the probe's timeout: the latency is a lower bound (censored)."""
    UNREACHABLE = 5
    """No route to host or network."""
    HTTP_4XX = 6
    HTTP_5XX = 7
    BAD_ANSWER = 8
    """An answer that is not what was asked for (wrong body, malformed, no records)."""
    NXDOMAIN = 9
    SERVFAIL = 10
    DNS_ERROR = 11
    """A DNS answer with another error code (REFUSED, NOTIMP, ...)."""
    TLS_ERROR = 12
    NOT_SENT = 13
    """The prober could not send (too much in flight): a fault of the instrument."""
    CREATE_FAILED = 14
    """The API did not accept the object that the probe needed."""
    OTHER = 15

    @property
    def label(self) -> str:
        """The word for people and files: `reset-in-body`, `5xx`."""
        return _LABELS.get(self, self.name.lower().replace("_", "-"))

    @classmethod
    def from_label(cls, label: str) -> Outcome:
        """The outcome with this label; OTHER for a label this version does not know."""
        return _BY_LABEL.get(label, cls.OTHER)


_LABELS = {Outcome.HTTP_4XX: "4xx", Outcome.HTTP_5XX: "5xx"}
_BY_LABEL = {outcome.label: outcome for outcome in Outcome}


class Connection(IntEnum):
    """What kind of connection a stream probes over; the numbers are part of the file format."""

    NONE = 0
    """No connection (UDP, or an event that is awaited rather than asked for)."""
    NEW = 1
    REUSED = 2

    @property
    def label(self) -> str:
        """The word for people and files."""
        return self.name.lower()
