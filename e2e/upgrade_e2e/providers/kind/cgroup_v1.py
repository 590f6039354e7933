"""Machines with cgroup v1, on which newer kubelets run only where their configuration allows it."""

from __future__ import annotations

from pathlib import Path as FilePath

from upgrade_e2e.providers.kind.config import FAIL_CGROUP_V1_SINCE
from upgrade_e2e.upgrade import Path

__all__ = ["ALLOWED", "CGROUP_V1_CHOICE", "needs_cgroup_v1", "on_cgroup_v1"]

CGROUP_V1_CHOICE = "fail-cgroup-v1"
ALLOWED = (
    f"kubelets with failCgroupV1: false, as this machine has cgroup v1, which kubelets "
    f"from {FAIL_CGROUP_V1_SINCE} on refuse otherwise"
)
"""What artifacts say of that choice."""


def on_cgroup_v1(root: FilePath = FilePath("/sys/fs/cgroup")) -> bool:
    """Whether this machine has the cgroup v1 hierarchy (v2 has a file cgroup.controllers)."""
    return root.is_dir() and not (root / "cgroup.controllers").exists()


def needs_cgroup_v1(path: Path) -> bool:
    """Whether a version of the path has a kubelet that refuses cgroup v1 by default."""
    return any(version.minor_version >= FAIL_CGROUP_V1_SINCE for version in path.versions)
