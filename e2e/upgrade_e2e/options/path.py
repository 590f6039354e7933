"""Which versions are walked, and who makes the cluster."""

from __future__ import annotations

from upgrade_e2e.options.option import Option

__all__ = ["OF_THE_PATH", "PROVIDERS"]

PROVIDERS = ("kind", "sim")

OF_THE_PATH: tuple[Option, ...] = (
    Option(
        "provider",
        "Who makes the cluster: kind makes a real one, sim a simulated one. Without this option "
        "kind is used where docker and kind are there, else sim.",
        choices=PROVIDERS,
        starts=True,
    ),
    Option(
        "from",
        "The version to start at, like v1.33.7, or v1.33 for its newest patch with a node image.",
        metavar="VERSION",
        starts=True,
    ),
    Option("to", "The version to end at, or latest.", metavar="VERSION", starts=True),
    Option(
        "via",
        "A version in between. May be repeated.",
        metavar="VERSION",
        multiple=True,
        starts=True,
    ),
    Option(
        "path",
        "A whole path, like v1.32.2,v1.33.7,v1.34.3. May be repeated: each path is walked on a "
        "cluster of its own. Without any path: the newest two minors that have node images.",
        metavar="VERSIONS",
        multiple=True,
        starts=True,
    ),
    Option(
        "nearest-patch",
        "Where a version has no image, walk the nearest patch of the same minor version that has "
        "one. Every artifact says so.",
        bool,
        default=False,
    ),
)
"""The versions, and the provider, which says what a version may be."""
