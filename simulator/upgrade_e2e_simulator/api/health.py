"""What the server says of itself: /healthz, /livez and /readyz, and /version."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from upgrade_e2e_simulator.api.gate import Gate
from upgrade_e2e_simulator.store import Object
from upgrade_e2e_simulator.version import KubeVersion

__all__ = ["health", "version_info"]

_CHECKS = ("ping", "log", "etcd", "poststarthook/start-apiserver-admission-initializer")
_READY_ONLY = ("informer-sync", "poststarthook/rbac/bootstrap-roles", "shutdown")
_ENDPOINTS = frozenset({"healthz", "livez", "readyz"})


def health(path: str, query: Mapping[str, str], gate: Gate) -> web.Response | None:
    """The answer at a health path, or at one check of it (`/readyz/etcd`); None elsewhere."""
    endpoint, _, only = path.strip("/").partition("/")
    if endpoint not in _ENDPOINTS:
        return None
    checks = _CHECKS + (_READY_ONLY if endpoint == "readyz" else ())
    excluded = set(query.get("exclude", "").split(","))
    wanted = [check for check in checks if (not only or check == only) and check not in excluded]
    if not wanted:
        return web.Response(status=404, text="404 page not found\n")
    failed = [check for check in wanted if not _holds(check, gate)]
    if not failed and "verbose" not in query:
        return web.Response(text="ok")
    lines = [
        f"[-]{check} failed: reason withheld" if check in failed else f"[+]{check} ok"
        for check in wanted
    ]
    lines.append(f"{endpoint} check {'failed' if failed else 'passed'}")
    return web.Response(status=500 if failed else 200, text="\n".join(lines) + "\n")


def _holds(check: str, gate: Gate) -> bool:
    if check == "etcd":
        return gate.storage.is_set()
    if check == "poststarthook/rbac/bootstrap-roles":
        return gate.rbac_loaded
    if check == "shutdown":
        return gate.serving.is_set()
    return True


def version_info(version: KubeVersion) -> Object:
    """/version, as a server built from that release answers; the build says it is simulated."""
    return {
        "major": str(version.major),
        "minor": str(version.minor),
        "gitVersion": str(version),
        "gitCommit": "simulated",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "none",
        "platform": "linux/amd64",
    }
