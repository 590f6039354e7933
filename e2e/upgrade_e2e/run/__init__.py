"""One pass, from plan to judged and reported record."""

from upgrade_e2e.run.console import ConsoleProgress
from upgrade_e2e.run.judged import JudgedPass, run_pass
from upgrade_e2e.run.pass_ import RunningPass
from upgrade_e2e.run.pass_request import AROUND, PassRequest, count_steps
from upgrade_e2e.run.progress import Progress, Silence
from upgrade_e2e.run.request import RunRequest
from upgrade_e2e.run.rulings import Claim
from upgrade_e2e.run.settings import PassSettings
from upgrade_e2e.run.upgraded import Upgraded

__all__ = [
    "AROUND",
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
    "count_steps",
    "run_pass",
]
