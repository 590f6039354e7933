"""What the agent and its readers must agree on: records, outcomes, and the token's header.

This is the only place where the layout of a record is written. The agent packs with it, the
collector reads with it, and the columns of samples come from it. Standard library only.
"""

from __future__ import annotations

import struct
from enum import IntEnum

__all__ = [
    "FIELDS",
    "FORMAT",
    "MOST_U16",
    "MOST_U32",
    "OPENED",
    "OUTCOMES",
    "READING",
    "READING_FIELDS",
    "RECORD",
    "RECORD_FIELDS",
    "SAMPLE_FIELDS",
    "TOKEN_HEADER",
    "Outcome",
]

FORMAT = 1
"""The number of this layout, which meta.json repeats. Raise it with every change."""

FIELDS = {
    "intended_us": "int64",
    "lateness_us": "uint32",
    "latency_us": "uint32",
    "outcome": "uint8",
    "flags": "uint8",
    "code": "uint16",
    "backend": "uint16",
    "zero": "uint16",
}
"""The fields of a record and their types, in order; little endian, without gaps.

intended_us  when the probe was meant to be sent, on the prober's monotonic clock
lateness_us  how much later it was really sent
latency_us   from the intended time to the end of the answer, or to giving up
outcome      an Outcome
flags        OPENED or 0
code         HTTP status, DNS response code or query count; 0 when there is none
backend      index into backends.txt; 0 when it is unknown
zero         fills the record up to 24 bytes
"""

SAMPLE_FIELDS = {name: kind for name, kind in FIELDS.items() if name not in {"flags", "zero"}}
"""The fields that become columns of samples, and their types."""

_STRUCT_CODES = {"int64": "q", "uint32": "I", "uint16": "H", "uint8": "B", "float64": "d"}
RECORD = struct.Struct("<" + "".join(_STRUCT_CODES[kind] for kind in FIELDS.values()))
RECORD_FIELDS = tuple(f"{kind} {name}" for name, kind in FIELDS.items())
"""The fields in words, for meta.json."""
READING_FIELDS = {"at_us": "int64", "value": "float64", "series": "uint32"}
"""The fields of a reading and their types, in order; little endian, without gaps.

at_us   when the whole answer was there, on the prober's monotonic clock
value   what stood in it
series  index into OBSERVER.NAME.series
"""
READING = struct.Struct("<" + "".join(_STRUCT_CODES[kind] for kind in READING_FIELDS.values()))
OPENED = 1
"""The flag of a probe for which a connection was opened."""
MOST_U16 = 2**16 - 1
MOST_U32 = 2**32 - 1

TOKEN_HEADER = "X-Upgrade-E2E-Token"  # noqa: S105 - the name of a header
"""The header of requests to a prober. It is not `Authorization`, because the API server's pod proxy
takes that one out of each request that it has authenticated. It passes all others on."""


class Outcome(IntEnum):
    """The result of one probe.

    The numbers are part of the formats of records and of sample files (docs/artifacts.md): add at
    the end, never renumber.
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
    LOST = 16
    """The write was acknowledged, and what was written is gone."""
    ADMITTED = 17
    """The API server admitted an object that a policy forbids."""
    WEBHOOK_FAILED = 18
    """The API server refused an object because an admission webhook could not be called."""

    @property
    def label(self) -> str:
        """The label for people and files: `reset-in-body`, `5xx`."""
        return _LABELS.get(self, self.name.lower().replace("_", "-"))

    @classmethod
    def from_label(cls, label: str) -> Outcome:
        """The outcome with this label; OTHER for a label this version does not know."""
        return _BY_LABEL.get(label, cls.OTHER)


_LABELS = {Outcome.HTTP_4XX: "4xx", Outcome.HTTP_5XX: "5xx"}
_BY_LABEL = {outcome.label: outcome for outcome in Outcome}
OUTCOMES = tuple(_BY_LABEL)
"""The labels by number; meta.json repeats them, so that readers map them by label."""
