"""`python -m upgrade_e2e_simulator`."""

import sys

from upgrade_e2e_simulator.server import main

sys.exit(main(sys.argv[1:]))
