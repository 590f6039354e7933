"""What only kubectl and its kind need of an API server; mounted by `kubectl_extras`."""

from upgrade_e2e_simulator.kubectl.mounting import LogFiles, kubectl_extras

__all__ = ["LogFiles", "kubectl_extras"]
