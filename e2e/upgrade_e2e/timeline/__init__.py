"""The one timeline that everything observed lands on: spans (steps), samples (probes), readings.

Times are seconds (`_s`) or microseconds (`_us`) since the origin of the pass, on the monotonic
clock of the machine that runs it; `Origin.unix_s` says when that was on the wall clock.
"""

from upgrade_e2e.timeline.backups import BackupLog, CanaryWrite, ReadBack, TakenSnapshot
from upgrade_e2e.timeline.kinds import (
    EARLY,
    KNOCKED,
    NEW,
    NO_STEPS,
    RESTORE,
    SNAPSHOT,
    START,
    TAINT,
    family_of,
    under_way,
)
from upgrade_e2e.timeline.outcome import Connection, Outcome
from upgrade_e2e.timeline.readings import Readings, Series
from upgrade_e2e.timeline.samples import SAMPLE_COLUMNS, Samples, SamplesBuilder, Stream
from upgrade_e2e.timeline.span import INTERRUPTED, Origin, Span
from upgrade_e2e.timeline.timeline import Timeline, Window

__all__ = [
    "EARLY",
    "INTERRUPTED",
    "KNOCKED",
    "NEW",
    "NO_STEPS",
    "RESTORE",
    "SAMPLE_COLUMNS",
    "SNAPSHOT",
    "START",
    "TAINT",
    "BackupLog",
    "CanaryWrite",
    "Connection",
    "Origin",
    "Outcome",
    "ReadBack",
    "Readings",
    "Samples",
    "SamplesBuilder",
    "Series",
    "Span",
    "Stream",
    "TakenSnapshot",
    "Timeline",
    "Window",
    "family_of",
    "under_way",
]
