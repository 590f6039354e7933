"""The catalogue of published node images."""

from __future__ import annotations

import pytest

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.resolving.catalogue import Catalogue
from upgrade_e2e.version import KubeVersion

DIGEST = f"sha256:{'a' * 64}"
GOOD = f"""
[[release]]
kind = "v0.30.0"
images = {{ "v1.34.0" = "{DIGEST}" }}
[[release]]
kind = "v0.31.0"
source = "here"
images = {{ "v1.34.3" = "sha256:{"b" * 64}" }}
"""


def parse(text):
    return KubeVersion.parse(text)


def test_the_shipped_one_names_its_sources_and_has_neighbouring_minors_for_each_release():
    catalogue = Catalogue.load()
    assert parse("v0.27.0") in {release.kind for release in catalogue.releases}
    for release in catalogue.releases:
        page = f"https://github.com/kubernetes-sigs/kind/releases/tag/{release.kind}"
        assert release.source == page
        minors = {version.minor_version for version in release.images}
        assert any(minor.next() in minors for minor in minors)
        assert len(set(release.images.values())) == len(release.images)


def test_the_newest_release_comes_first_however_the_file_is_ordered():
    catalogue = Catalogue.parse(GOOD)
    assert [str(release.kind) for release in catalogue.releases] == ["v0.31.0", "v0.30.0"]


@pytest.mark.parametrize(
    ("kind", "releases"),
    [
        ("v0.30.0", ["v0.30.0"]),
        ("v0.30.5", ["v0.30.0"]),
        ("v0.31.0-alpha", ["v0.30.0"]),
        ("v0.32.0", ["v0.31.0", "v0.30.0"]),
        ("v0.20.0", []),
        (None, ["v0.31.0", "v0.30.0"]),
    ],
)
def test_releases_newer_than_the_installed_one_do_not_count(kind, releases):
    usable = Catalogue.parse(GOOD).not_newer_than(parse(kind) if kind else None)
    assert [str(release.kind) for release in usable] == releases


def test_a_digest_is_known_by_its_version():
    catalogue = Catalogue.parse(GOOD)
    assert catalogue.version_of(DIGEST) == parse("v1.34.0")
    assert catalogue.version_of(f"sha256:{'c' * 64}") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind =", "is not TOML"),
        ("", r"must have \[\[release\]\] tables"),
        ("release = []", "must have"),
        (GOOD + "[more]", "nothing else"),
        ('[[release]]\nkind = "v0.30.0"', "has `kind`, `source` and a table"),
        (GOOD.replace('source = "here"', 'souce = "here"'), "and nothing else"),
        (GOOD.replace('source = "here"', "source = 1"), "must be a text"),
        (GOOD.replace("v0.31.0", "v0.30.0"), "kind v0.30.0 twice"),
        (GOOD.replace("v0.31.0", "newest"), "'newest' is no version"),
        (GOOD.replace("v1.34.3", "v1.34"), "'v1.34' is no version"),
        (GOOD.replace(DIGEST, "sha256:abc"), "digest of v1.34.0 for kind v0.30.0 is 'sha256:abc'"),
        ('[[release]]\nkind = "v0.30.0"\nimages = {}', "one row at least"),
    ],
)
def test_what_is_no_catalogue_is_refused_with_the_file(tmp_path, text, said):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(BadInput, match=said) as raised:
        Catalogue.load(file)
    assert str(file) in str(raised.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"none\.toml cannot be read \(No such file or directory\)"):
        Catalogue.load(tmp_path / "none.toml")
