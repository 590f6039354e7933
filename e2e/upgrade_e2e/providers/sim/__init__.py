"""The provider `sim`: drives a simulator through the same steps as a real upgrade."""

from upgrade_e2e.providers.sim.provider import SimProvider
from upgrade_e2e.providers.sim.settings import KNOWN_VERSIONS, SimSettings

__all__ = ["KNOWN_VERSIONS", "SimProvider", "SimSettings"]
