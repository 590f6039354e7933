"""The agent: one program, standard library only, that runs in pods as workload and as prober."""

from pathlib import Path

__all__ = ["AGENT_FILE"]

AGENT_FILE = Path(__file__).with_name("agent.py")
"""The program. It is shipped as a file (by ConfigMap) and never imported by the framework."""
