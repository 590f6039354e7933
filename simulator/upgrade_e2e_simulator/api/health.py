"""/healthz, /livez and /readyz: the checks that stand behind them, and their plain text."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from upgrade_e2e.providers.sim.api.gate import Gate

__all__ = ["health"]

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
