"""Versions: parsing, order and the newest patch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.errors import BadInput
from upgrade_e2e.version import KubeVersion, MinorVersion, newest_patch

versions = st.builds(
    KubeVersion,
    st.just(1),
    st.integers(20, 40),
    st.integers(0, 30),
    st.sampled_from(["", "rc.0", "rc.1", "alpha.3", "beta.10", "gke.100", "eks-1"]),
)


@given(versions)
def test_what_is_printed_is_read_back(version):
    assert KubeVersion.parse(str(version)) == version


@given(versions, versions, versions)
def test_order_is_total_and_transitive(a, b, c):
    assert (a < b) + (b < a) + (a == b) == 1
    if a < b < c:
        assert a < c


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("v1.33.13", "v1.34.0"),
        ("v1.34.0-rc.1", "v1.34.0"),
        ("v1.34.0-rc.2", "v1.34.0-rc.10"),
        ("v1.34.0-alpha.1", "v1.34.0-beta.0"),
        ("v1.34.1", "v1.34.1-gke.100"),
        ("v1.9.9", "v1.10.0"),
    ],
)
def test_order(older, newer):
    assert KubeVersion.parse(older) < KubeVersion.parse(newer)


def test_build_metadata_is_shown_but_not_compared():
    version = KubeVersion.parse("v1.33.2+k3s1")
    assert str(version) == "v1.33.2+k3s1"
    assert version == KubeVersion.parse("1.33.2")


@pytest.mark.parametrize("text", ["", "v1.34", "one", "v1.34.4.5", "1.34.x", "v1.34.4 -rc"])
def test_nonsense_is_refused(text):
    with pytest.raises(BadInput, match="write it like"):
        KubeVersion.parse(text)


def test_newest_patch_prefers_releases():
    known = [KubeVersion.parse(v) for v in ("v1.34.4", "v1.34.10", "v1.34.11-rc.0", "v1.33.13")]
    assert str(newest_patch(MinorVersion.parse("v1.34"), known)) == "v1.34.10"


def test_newest_patch_of_an_unknown_minor_names_the_known_ones():
    with pytest.raises(BadInput, match=r"known minors: v1\.33"):
        newest_patch(MinorVersion.parse("1.35"), [KubeVersion.parse("v1.33.13")])
