"""`python -m e2e.providers.sim`."""

import sys

from e2e.providers.sim.server import main

sys.exit(main(sys.argv[1:]))
