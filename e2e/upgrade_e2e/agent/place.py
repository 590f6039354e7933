"""What stands for the agent's own node in the settings of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NODE_NAME, NODE_IP = "NODE_NAME", "NODE_IP"
"""The environment variables that say on which node the agent runs."""


def at_node(settings: Any, environment: Mapping[str, str]) -> Any:
    """Settings with `{node_name}` and `{node_ip}` replaced, the address as it stands in a URL.

    Where the environment does not say which node this is, they stay as they are, and what needs
    them fails.
    """
    if isinstance(settings, dict):
        return {name: at_node(value, environment) for name, value in settings.items()}
    if isinstance(settings, list):
        return [at_node(value, environment) for value in settings]
    if not isinstance(settings, str):
        return settings
    name, address = environment.get(NODE_NAME), environment.get(NODE_IP)
    if name:
        settings = settings.replace("{node_name}", name)
    if address:
        in_url = f"[{address}]" if ":" in address else address
        settings = settings.replace("{node_ip}", in_url)
    return settings
