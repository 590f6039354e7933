"""How far a `docker pull` has come, read from what it shows on a terminal; and why it failed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from upgrade_e2e.providers.kind.resolving.reference import split_reference

__all__ = ["PullProgress", "how_to_fix"]

_LAYER = re.compile(r"^([0-9a-f]{12}): (.*)$")
_SIZES = re.compile(r"([\d.]+)\s?([kMG]?B)/([\d.]+)\s?([kMG]?B)")
_UNITS = {"B": 1e-6, "kB": 1e-3, "MB": 1.0, "GB": 1e3}
_HERE = ("Already exists", "Pull complete")
_LOADED = ("Verifying Checksum", "Download complete", "Extracting", *_HERE)

# What docker and registries write, and what helps; the first that fits counts.
_FIXES: tuple[tuple[str, str], ...] = (
    (
        r"toomanyrequests|rate limit|429 Too Many",
        "the registry answers no more pulls from here for now: log in with `docker login`, which "
        "raises the limit, pull through a mirror, or wait",
    ),
    (
        r"error getting credentials|docker-credential-",
        "docker's own configuration (~/.docker/config.json) names a credential helper that does "
        "not work: install it, or take its credsStore or credHelpers entry out",
    ),
    (
        r"no matching manifest",
        "the registry has it for other processors only: take one that is made for this machine's",
    ),
    (
        r"no space left on device|disk quota exceeded",
        "docker's disk is full: make room, for example with `docker system prune --volumes`",
    ),
    (
        r"access (?:to the resource is )?denied|denied: |unauthorized|authentication required"
        r"|no basic auth credentials|403 Forbidden",
        "the registry gives it to nobody, or not to you: check the name, and log in with "
        "`docker login {registry}`",
    ),
    (
        r"manifest unknown|name unknown|manifest for .* not found|: not found",
        "the registry answers, and has no such image: check name, tag and digest",
    ),
    (
        r"server gave HTTP response to HTTPS client|x509|certificate",
        "docker does not trust {registry}: give it the registry's certificate, or name it under "
        "insecure-registries in docker's daemon.json",
    ),
    (
        r"no such host|server misbehaving|connection refused|unreachable|i/o timeout"
        r"|TLS handshake timeout|Client\.Timeout|context deadline exceeded|no route to host"
        r"|connection reset|\bEOF\b|proxyconnect",
        "the registry {registry} cannot be reached from here: check that it runs, the network and "
        "docker's proxy; or pull through a mirror (registry-mirrors in docker's daemon.json), or "
        "bring the image over with `docker save` and `docker load`",
    ),
)


@dataclass
class PullProgress:
    """Reads the lines of one pull."""

    _layers: dict[str, str] = field(default_factory=dict)
    _sizes_mb: dict[str, float] = field(default_factory=dict)
    _pulled_mb: dict[str, float] = field(default_factory=dict)
    _unpacked_mb: dict[str, float] = field(default_factory=dict)
    _other: list[str] = field(default_factory=list)

    def read(self, line: str) -> None:
        """Take the next line."""
        found = _LAYER.match(line.strip())
        if found is None:
            self._other.append(line.strip())
            return
        layer, state = found.groups()
        self._layers[layer] = state
        done_mb, whole_mb = _sizes(state)
        if whole_mb:
            self._sizes_mb[layer] = whole_mb
            so_far = self._unpacked_mb if state.startswith("Extracting") else self._pulled_mb
            so_far[layer] = done_mb
        if state.startswith(_LOADED) and layer in self._sizes_mb:
            self._pulled_mb[layer] = self._sizes_mb[layer]
        if state.startswith(_HERE) and layer in self._sizes_mb:
            self._unpacked_mb[layer] = self._sizes_mb[layer]

    @property
    def has_begun(self) -> bool:
        """Whether the registry has said what the image is made of: it has it, and gives it."""
        return self.has_layers or any("Pulling from" in line for line in self._other)

    @property
    def has_layers(self) -> bool:
        """Whether docker has begun to transfer it."""
        return bool(self._layers)

    @property
    def said(self) -> str:
        """All that docker said besides the states of layers."""
        return "\n".join(line for line in self._other if line)

    @property
    def pulled_mb(self) -> float:
        """How much has been loaded, of layers whose size was shown."""
        return sum(self._pulled_mb.values())

    @property
    def _whole_mb(self) -> float:
        return sum(self._sizes_mb.values())

    def __str__(self) -> str:
        """In a few words, such as `pulled 180 of 410 MB`; layers where docker shows no sizes."""
        states = self._layers.values()
        if not states:
            return "asking the registry"
        here, whole_mb = sum(state.startswith(_HERE) for state in states), self._whole_mb
        if not whole_mb:
            return f"{here} of {len(states)} layers"
        if all(state.startswith(_LOADED) for state in states):
            if not self._unpacked_mb:
                return f"unpacking, {here} of {len(states)} layers"
            return f"unpacked {sum(self._unpacked_mb.values()):.0f} of {whole_mb:.0f} MB"
        to_come = any(
            layer not in self._sizes_mb and not state.startswith(_LOADED)
            for layer, state in self._layers.items()
        )
        more = "at least " if to_come else ""
        return f"pulled {self.pulled_mb:.0f} of {more}{whole_mb:.0f} MB"


def _sizes(state: str) -> tuple[float, float]:
    """How much of how much, in MB; zeros where docker does not say."""
    found = _SIZES.search(state)
    if found is None:
        return 0.0, 0.0
    done, done_unit, whole, whole_unit = found.groups()
    return float(done) * _UNITS[done_unit], float(whole) * _UNITS[whole_unit]


def how_to_fix(image: str, said: str) -> str:
    """What helps against what docker said, as a part of a sentence; empty for what is not known."""
    for pattern, fix in _FIXES:
        if re.search(pattern, said, re.IGNORECASE):
            return fix.format(registry=split_reference(image)[0].host)
    return ""
