"""The one timeline that everything observed lands on: spans (steps) and samples (probes).

Times are seconds (`_s`) or microseconds (`_us`) since the origin of the pass, on the monotonic
clock of the machine that runs it; `Origin.unix_s` says when that was on the wall clock.
"""

from upgrade_e2e.timeline.backups import BackupLog, CanaryWrite, ReadBack, TakenSnapshot
from upgrade_e2e.timeline.outcome import Connection, Outcome
from upgrade_e2e.timeline.samples import SAMPLE_COLUMNS, Samples, SamplesBuilder, Stream
from upgrade_e2e.timeline.span import Origin, Span
from upgrade_e2e.timeline.timeline import Timeline, Window

__all__ = [
    "SAMPLE_COLUMNS",
    "BackupLog",
    "CanaryWrite",
    "Connection",
    "Origin",
    "Outcome",
    "ReadBack",
    "Samples",
    "SamplesBuilder",
    "Span",
    "Stream",
    "TakenSnapshot",
    "Timeline",
    "Window",
]
