"""The names that scenario authors import, and what importing them costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import upgrade_e2e

NAMES = {
    "ApiServer",
    "BackupsSeen",
    "Deployments",
    "DnsLookups",
    "Etcd",
    "EtcdBackup",
    "EtcdHealth",
    "GuardRails",
    "HttpEdge",
    "HttpService",
    "Inconclusive",
    "Limits",
    "NewPodsNetwork",
    "NodeResources",
    "NodeUsage",
    "Outage",
    "PodChurn",
    "RuntimeAnswers",
    "Runtimes",
    "Seen",
    "Upgraded",
    "Workload",
}


def test_the_facade_has_these_names_and_no_others():
    assert set(upgrade_e2e.__all__) == NAMES
    assert set(dir(upgrade_e2e)) >= NAMES
    assert {name: getattr(upgrade_e2e, name).__name__ for name in NAMES} == {n: n for n in NAMES}


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'DnsLookup'"):
        _ = upgrade_e2e.DnsLookup


def loaded_by(statement):
    """The modules that are loaded after this statement in a new interpreter."""
    code = f"{statement}; import sys; print(*sys.modules)"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()


def test_importing_the_package_or_the_plugin_loads_nothing_heavy():
    heavy = {"numpy", "kubernetes", "scipy", "aiohttp", "pydantic", "jinja2", "rich", "xdist"}
    assert not heavy & set(loaded_by("import upgrade_e2e"))
    loaded = set(loaded_by("import pytest_upgrade_e2e.plugin"))
    assert not heavy & loaded
    ours = {".".join(name.split(".")[:2]) for name in loaded if name.startswith("upgrade_e2e")}
    assert ours == {"upgrade_e2e", "upgrade_e2e.options"}
