"""The plugin is loaded in sessions that never upgrade anything: it must load next to nothing."""

from __future__ import annotations

import json
import subprocess
import sys

ALLOWED = {
    "pytest_upgrade_e2e",
    "pytest_upgrade_e2e.asked",
    "pytest_upgrade_e2e.plugin",
    "upgrade_e2e",
    "upgrade_e2e.options",
}
SCRIPT = """
import json, sys
import pytest
before = set(sys.modules)
import pytest_upgrade_e2e.plugin
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_the_plugin_loads_options_and_the_standard_library_only():
    argv = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    loaded = set(json.loads(done.stdout))
    assert "pytest_upgrade_e2e.plugin" in loaded
    others = {name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names}
    assert {name for name in others if not name.startswith("upgrade_e2e.options.")} <= ALLOWED
