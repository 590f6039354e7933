"""Paths: what Kubernetes forbids is refused, with a path that would work."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from upgrade_e2e.errors import BadInput, ImpossiblePath
from upgrade_e2e.run.paths import path_words
from upgrade_e2e.upgrade import Fault, Path, resolve
from upgrade_e2e.version import KubeVersion

KNOWN = [KubeVersion.parse(v) for v in ("v1.33.13", "v1.34.2", "v1.34.4", "v1.35.4")]


def test_a_bare_minor_is_the_newest_patch():
    assert str(resolve(["v1.33", "1.34"], KNOWN)) == "v1.33.13 -> v1.34.4"


def test_a_skipped_minor_is_refused_with_the_way_through():
    with pytest.raises(ImpossiblePath, match=r"v1\.33\.13 -> v1\.34 -> v1\.35\.4"):
        resolve(["v1.33.13", "v1.35.4"], KNOWN)


def test_a_downgrade_is_refused_with_the_other_way_round():
    with pytest.raises(ImpossiblePath, match=r"works: v1\.33\.13 -> v1\.34\.4"):
        resolve(["v1.34.4", "v1.33.13"], KNOWN)


def test_a_hop_to_the_same_version_is_refused_with_what_to_give():
    with pytest.raises(ImpossiblePath, match=r"changes no version.* v1\.35"):
        resolve(["v1.33.13", "v1.34.4", "v1.34"], KNOWN)


def test_one_version_is_no_path():
    with pytest.raises(BadInput, match="two versions"):
        resolve(["v1.34.4"], KNOWN)


@given(st.lists(st.tuples(st.integers(20, 25), st.integers(0, 5)), min_size=2, max_size=5))
def test_a_path_is_accepted_exactly_when_each_hop_is_legal(pairs):
    versions = tuple(KubeVersion(1, minor, patch) for minor, patch in pairs)
    legal = all(a < b and b.minor - a.minor <= 1 for a, b in pairwise(versions))
    if legal:
        assert [hop.target for hop in Path(versions).hops] == list(versions[1:])
    else:
        with pytest.raises(ImpossiblePath):
            Path(versions)


def test_words_of_options_make_paths():
    assert path_words("v1.33", "v1.35", ["v1.34"], ["v1.32.2, v1.33.13"]) == (
        ("v1.32.2", "v1.33.13"),
        ("v1.33", "v1.34", "v1.35"),
    )


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("v1.33", None, [], []), "go together, and only --from is given; add --to latest"),
        ((None, "v1.34", [], []), "only --to is given; add --from VERSION, or leave --to out"),
        ((None, None, ["v1.34"], []), "in between; add --from and --to"),
        (("v1.33", "v1.34", [], ["v1.33,v1.34"]), "twice"),
    ],
)
def test_words_that_make_no_path(words, reason):
    with pytest.raises(BadInput, match=reason):
        path_words(*words)


faults = st.builds(
    Fault,
    st.from_regex(r"[a-z][a-z-]{0,12}", fullmatch=True),
    st.from_regex(r"[a-z0-9.:]{0,8}", fullmatch=True),
    st.from_regex(r"[a-z0-9 -]{0,12}", fullmatch=True).map(str.strip),
)


@given(faults)
def test_a_fault_reads_back_as_it_is_written(fault):
    assume(fault.name)
    assert Fault.parse(str(fault)) == fault
