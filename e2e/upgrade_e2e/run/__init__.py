"""One pass, from plan to report."""

from upgrade_e2e.run.pass_ import Pass, RunningPass
from upgrade_e2e.run.progress import ConsoleProgress, Progress, Silence
from upgrade_e2e.run.settings import PassSettings
from upgrade_e2e.run.upgraded import Upgraded

__all__ = [
    "ConsoleProgress",
    "Pass",
    "PassSettings",
    "Progress",
    "RunningPass",
    "Silence",
    "Upgraded",
]
