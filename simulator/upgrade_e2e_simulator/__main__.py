"""`python -m upgrade_e2e.providers.sim`."""

import sys

from upgrade_e2e.providers.sim.server import main

sys.exit(main(sys.argv[1:]))
