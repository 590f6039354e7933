"""Renew the catalogue of published node images from the notes of kind's releases.

    python ci/renew_catalogue.py               asks GitHub (GITHUB_TOKEN is used if it is set)
    python ci/renew_catalogue.py --from FILE   reads a saved answer of the same API

It writes e2e/upgrade_e2e/providers/kind/resolving/catalogue.toml and prints what changed. A release
that is in the file already and is not in the answer stays.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

from upgrade_e2e.errors import BadInput
from upgrade_e2e.files import write_whole
from upgrade_e2e.providers.kind.resolving.catalogue import Catalogue, PublishedRelease
from upgrade_e2e.version import KubeVersion

RELEASES = "https://api.github.com/repos/kubernetes-sigs/kind/releases?per_page=100"
PAGE = "https://github.com/kubernetes-sigs/kind/releases/tag/"
FILE = Path(__file__).parents[1] / "e2e/upgrade_e2e/providers/kind/resolving/catalogue.toml"
OLDEST = KubeVersion.parse("v0.27.0")
"""Own choice: node images of older releases have Kubernetes that is no longer maintained."""
TIMEOUT_S = 30.0
HEAD = """\
# The node images that were published with each release of kind, newest release first.
# ci/renew_catalogue.py writes this file from the notes of the releases, which `source` names.
"""
# A row of the list, as in: - v1.34.3: `kindest/node:v1.34.3@sha256:...`
_ROW = re.compile(
    r"^\s*[-*]\s+v?[\d.]+:?\s+`?kindest/node:(v\d+\.\d+\.\d+)@(sha256:[0-9a-f]{64})`?\s*$",
    re.MULTILINE,
)


def images_in(notes: str) -> dict[KubeVersion, str]:
    """The images that the notes of one release list.

    Raises BadInput for one version with two digests.
    """
    found: dict[KubeVersion, str] = {}
    for text, digest in _ROW.findall(notes.replace("\r", "")):
        version = KubeVersion.parse(text)
        if found.setdefault(version, digest) != digest:
            raise BadInput(f"the notes list {version} with two digests; read them, and decide.")
    return found


def releases_in(answer: Sequence[Mapping[str, Any]]) -> Iterator[PublishedRelease]:
    """The releases of GitHub's answer, without drafts, pre-releases and those before OLDEST.

    Raises BadInput for a release whose notes list no image: the form of the notes has changed.
    """
    for row in answer:
        if row.get("draft") or row.get("prerelease"):
            continue
        kind = KubeVersion.parse(row["tag_name"])
        if kind < OLDEST:
            continue
        try:
            images = images_in(row.get("body") or "")
        except BadInput as error:
            raise BadInput(f"kind {kind}: {error}") from error
        if not images:
            raise BadInput(
                f"the notes of kind {kind} list no node image that could be found; see {PAGE}{kind}"
            )
        yield PublishedRelease(kind, images, f"{PAGE}{kind}")


def merged(old: Catalogue, new: Sequence[PublishedRelease]) -> Catalogue:
    """Both, newest first; a release that is in both is the new one."""
    by_kind = {release.kind: release for release in (*old.releases, *new)}
    return Catalogue(tuple(by_kind[kind] for kind in sorted(by_kind, reverse=True)))


def rendered(catalogue: Catalogue) -> str:
    """The text of the file."""
    blocks = [HEAD]
    for release in catalogue.releases:
        versions = sorted(release.images, reverse=True)
        rows = "".join(f'"{version}" = "{release.images[version]}"\n' for version in versions)
        blocks.append(
            f'[[release]]\nkind = "{release.kind}"\nsource = "{release.source}"\n\n'
            f"[release.images]\n{rows}"
        )
    return "\n".join(blocks)


def differences(old: Catalogue, new: Catalogue) -> Iterator[str]:
    """What changed, one line for each image."""
    before = {(one.kind, version): d for one in old.releases for version, d in one.images.items()}
    after = {(one.kind, version): d for one in new.releases for version, d in one.images.items()}
    for kind, version in sorted({*before, *after}):
        one, other = before.get((kind, version)), after.get((kind, version))
        if one != other:
            yield f"kind {kind}, {version}: {one or 'not listed'} -> {other or 'not listed'}"


def asked() -> list[dict[str, Any]]:
    """All releases, from GitHub."""
    token = os.environ.get("GITHUB_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    rows: list[dict[str, Any]] = []
    url: str | None = RELEASES
    while url:
        answer = requests.get(url, headers=headers, timeout=TIMEOUT_S)
        answer.raise_for_status()
        rows += answer.json()
        url = answer.links.get("next", {}).get("url")
    return rows


def main() -> None:
    """Write the file and print what changed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--from", dest="saved", type=Path, metavar="FILE")
    parser.add_argument("--file", type=Path, default=FILE, help="the catalogue to renew")
    words = parser.parse_args()
    try:
        rows = json.loads(words.saved.read_text("utf-8")) if words.saved else asked()
        old = Catalogue.load(words.file)
        new = merged(old, list(releases_in(rows)))
    except (BadInput, OSError, ValueError, requests.RequestException) as error:
        sys.exit(f"renew_catalogue: {error}")
    write_whole(rendered(new), words.file)
    print("\n".join(differences(old, new)) or "nothing changed.")


if __name__ == "__main__":
    main()
