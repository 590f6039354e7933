"""The only part that runs other programs: to their end, line by line, or in the background."""

from upgrade_e2e.command.completed import Completed
from upgrade_e2e.command.following import follow
from upgrade_e2e.command.process import spawn
from upgrade_e2e.command.runner import Runner
from upgrade_e2e.command.running import run

__all__ = ["Completed", "Runner", "follow", "run", "spawn"]
