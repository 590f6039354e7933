"""The command as a module, so that it can start itself: `python -m upgrade_e2e.cli`."""

from upgrade_e2e.cli import main

main(prog_name="upgrade-e2e")
