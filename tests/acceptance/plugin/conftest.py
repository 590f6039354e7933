"""The same sessions on fake providers as the unit tests of the plugin have."""

from __future__ import annotations

from tests.unit.plugin.conftest import (
    failing_step,
    impatient,
    libraries,
    loaded,
    session,
    unmade,
)

__all__ = ["failing_step", "impatient", "libraries", "loaded", "session", "unmade"]
