"""One pass, from plan to judged and reported record."""

from upgrade_e2e.run.judged import JudgedPass, run_pass
from upgrade_e2e.run.pass_ import PassRequest, RunningPass
from upgrade_e2e.run.progress import ConsoleProgress, Progress, Silence
from upgrade_e2e.run.request import RunRequest
from upgrade_e2e.run.rulings import Claim
from upgrade_e2e.run.settings import PassSettings
from upgrade_e2e.run.upgraded import Upgraded

__all__ = [
    "Claim",
    "ConsoleProgress",
    "JudgedPass",
    "PassRequest",
    "PassSettings",
    "Progress",
    "RunRequest",
    "RunningPass",
    "Silence",
    "Upgraded",
    "run_pass",
]
