"""The four ways to change an object in part: JSON patch, merge, strategic merge, apply."""

from upgrade_e2e.providers.sim.api.patch.apply import ApplyConflict, apply_configuration
from upgrade_e2e.providers.sim.api.patch.ownership import after_update
from upgrade_e2e.providers.sim.api.patch.plain import BadPatch, json_patch, merge_patch
from upgrade_e2e.providers.sim.api.patch.strategic import strategic_merge

__all__ = [
    "ApplyConflict",
    "BadPatch",
    "after_update",
    "apply_configuration",
    "json_patch",
    "merge_patch",
    "strategic_merge",
]
