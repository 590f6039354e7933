"""The four ways to change an object in part: JSON patch, merge, strategic merge, apply."""

from e2e.providers.sim.api.patch.apply import ApplyConflict, apply_configuration
from e2e.providers.sim.api.patch.ownership import after_update
from e2e.providers.sim.api.patch.plain import BadPatch, json_patch, merge_patch
from e2e.providers.sim.api.patch.strategic import strategic_merge

__all__ = [
    "ApplyConflict",
    "BadPatch",
    "after_update",
    "apply_configuration",
    "json_patch",
    "merge_patch",
    "strategic_merge",
]
