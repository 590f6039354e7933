"""Input that is odd, broken or huge is read, or refused in a sentence."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.changes import WHOLE, diff_of
from tests.unit.bumps.asked import asked, said, walked
from upgrade_e2e.bumps import decode_diff, read_rules
from upgrade_e2e.bumps.changes import LARGEST, matches, read_diff
from upgrade_e2e.bumps.sightings import MOST_VERSIONS
from upgrade_e2e.errors import BadInput

OLD, NEW = "kubernetesVersion: 1.33.5\n", "kubernetesVersion: 1.34.3\n"
PLAIN = diff_of("infra/x.yaml", OLD, NEW)
PATH = ["v1.33.5,v1.34.3"]
EXTENSIONS = ("yaml", "json", "tf", "toml", "ts", "bicep", "sh", "mk", "txt", "yaml.j2")


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.replace("\n", "\r\n").encode("utf-16"),
        PLAIN.encode("utf-16-le"),
        PLAIN.encode().replace(b"@@\n", b"@@ # caf\xe9\n"),
        PLAIN.replace(" a/", " i/").replace(" b/", " w/").encode(),
        PLAIN.replace(" a/", " ").replace(" b/", " ").encode(),
        diff_of("x.yaml", f"\ufeff{OLD}", NEW).encode(),
        diff_of("x.yaml", OLD.replace("\n", "\r\n"), NEW.replace("\n", "\r\n")).encode(),
        diff_of("x.yaml", OLD.strip(), NEW.strip()).encode(),
    ],
    ids=str,
)
def test_any_encoding_line_end_and_prefix_is_read(data):
    assert walked(asked(decode_diff(data, "x.diff"))) == PATH


def test_names_of_files_are_what_they_are():
    names = {
        PLAIN: "infra/x.yaml",
        diff_of("a/x.yaml", OLD, NEW): "a/x.yaml",
        diff_of("b/x.yaml", OLD, NEW).replace(" a/b", " b").replace(" b/b", " b"): "b/x.yaml",
        PLAIN.replace(" a/infra/", " my infra/").replace(
            " b/infra/", " my infra/"
        ): "my infra/x.yaml",
        PLAIN.replace(" a/infra/x", ' "a/infra/\\303\\244"').replace(
            " b/infra/x.yaml", ' "b/infra/\\303\\244.yaml"'
        ): "infra/ä.yaml",
        "--- x.yaml\t(revision 1)\n+++ x.yaml\t(working copy)\n@@ -1 +1 @@\n-a\n+b\n": "x.yaml",
    }
    for diff, name in names.items():
        fixed = diff.replace('244".yaml', '244.yaml"')
        assert [file.path for file in read_diff(fixed)] == [name]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hello\n", "not a unified diff"),
        (f"\x1b[1m{PLAIN}", "colour codes.*--no-color"),
        ("diff --cc x\n--- a/x\n+++ b/x\n@@@ -1 -1 +1 @@@\n- a\n -b\n++c\n", "one parent"),
        (PLAIN[: PLAIN.rindex("+")], "not all of it"),
        ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n k8s_version: [-1.33-]{+1.34+}\n", "diff of words"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_give(text, reason):
    with pytest.raises(BadInput, match=reason):
        asked(text)


@pytest.mark.parametrize("data", [b"\x00\x01\x02" * 20, b"PK\x03\x04\x00" * 9])
def test_binary_input_is_refused(data):
    with pytest.raises(BadInput, match=r"x\.diff is binary"):
        decode_diff(data, "x.diff")


def test_nothing_is_no_bump_and_neither_are_modes_and_renames():
    mode = "diff --git a/x b/x\nold mode 100644\nnew mode 100755\n"
    rename = "diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n"
    for text in ("", mode, rename):
        answer = asked(text)
        assert not answer.paths
        assert not answer.unknown


def test_a_binary_file_that_is_named_is_unknown():
    diff = "diff --git a/x.bin b/x.bin\nBinary files a/x.bin and b/x.bin differ\n"
    assert asked(diff).unknown == []
    assert "cannot be read" in said(asked(diff, named=["*.bin"]).unknown)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.yaml", "a: [\n  kubernetesVersion: {}\n]]\n\t: {{\n"),
        ("x.tf", 'locals {{\n  cluster_version = "{}"\n  x = \n'),
        ("x.toml", '[a\nkubernetes_version = "{}"\n'),
        ("x.json", '{{"a": 1,\n "kubernetesVersion": "{}", // see b\n'),
        ("x.ts", "const kubernetesVersion = '{}';\n}}}}))"),
    ],
)
def test_what_a_parser_refuses_is_read_by_its_lines(name, text):
    diff = diff_of(name, text.format("1.33.5"), text.format("1.34.3"), WHOLE)
    assert walked(asked(diff)) == PATH


def test_an_alias_that_stands_for_millions_of_values_is_not_followed():
    bomb = "a0: &a0 [1.33.5]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    assert walked(asked(diff_of("x.yaml", bomb + OLD, bomb + NEW, WHOLE))) == PATH
    loop = "a: &a [*a]\n"
    assert walked(asked(diff_of("x.yaml", loop + OLD, loop + NEW, WHOLE))) == PATH


@pytest.mark.parametrize("extension", ["yaml", "json", "tf", "ts"])
def test_brackets_without_an_end_are_survived(extension):
    deep = "[" * 20_000 + "\n"
    asked(diff_of(f"x.{extension}", deep + OLD, deep + NEW, WHOLE))


def test_a_file_that_is_nested_too_deeply_is_unknown():
    deep = "".join(f"{' ' * n}a{n}:\n" for n in range(1500))
    answer = asked(diff_of("x.yaml", f"{deep}{' ' * 1500}{OLD}", f"{deep}{' ' * 1500}{NEW}", WHOLE))
    assert "nested too deeply" in said(answer.unknown)


HUGE = {
    "yaml": ("key_{0}:\n  version: 1.33.{0}\n", "kubernetesVersion: {}\n"),
    "tf": ('k{0} = "1.33.{0}"\n', 'cluster_version = "{}"\n'),
}


@pytest.mark.parametrize("extension", HUGE)
def test_ten_megabytes_are_read_near_their_changes(extension):
    line, key = HUGE[extension]
    size = 10 * LARGEST // len(line.format(100_000))
    body = "".join(line.format(number) for number in range(size))
    count = body.count("\n") + 1
    unchanged = "".join(f" {text}\n" for text in body.splitlines())
    diff = (
        f"--- a/x.{extension}\n+++ b/x.{extension}\n@@ -1,{count} +1,{count} @@\n"
        f"{unchanged}-{key.format('1.33.5')}+{key.format('1.34.3')}"
    )
    assert len(diff) > 9_000_000
    assert walked(asked(diff)) == PATH


LONG, SHORT = 1600, 200
TIMES_LONGER = LONG // SHORT
ROW = "jobs: {a: {strategy: {matrix: {k8s: '${{ %s }}'}}}}\n"
VERSION = "k8s_version = 1.33.5\n"


def long_texts(long):
    """Of each, what a pattern may look for again and again: `long` squared steps, or cubed."""
    more = 20 * long
    return {
        "rows without an end": (
            ".github/workflows/a.yaml",
            ROW % f"{'1.30 ' * long}{',' * long} @",
        ),
        "an address of kubectl": (
            "a.sh",
            f"curl https://a.test/@{'/v1.3' * long}{'kubectl' * long}/\n{VERSION}",
        ),
        "an image of nodes": ("a.yaml", f"a: x{'-kube-v1.33.1' * 4 * long}@/\n"),
        "the name of a section": ("a.ini", f"[{' ' * long}x\n{VERSION}b = @\n"),
        "braces of a template": ("a.yaml", f"a: v1.33.5 {'{{' * more} @\n"),
        "a gap between words": ("a.sh", f"a{' ' * 2 * more}b c @\n{VERSION}"),
        "a gap in a value": ("a.sh", f"a=b{' ' * 2 * more}c @\n{VERSION}"),
        "a gap in a key": ("a.yaml", f"{{% x %}}\na{' ' * 2 * more}b @\nc: 1.33.5\n"),
        "a bare version": ("a.sh", f"1.33{'.1' * more} b @\n"),
        "a key of nodes": ("a.yaml", f"{'eks' * more}: {{version: 1.33.@}}\n"),
        "a key of a channel": ("a.yaml", f"{'k8s' * more}: 1.33.@\n"),
        "a key of a constraint": ("a.yaml", f"min{'kube' * more}: 1.33.@\n"),
        "a comment of renovate": ("a.yaml", f"a: 1.33.@  # {'depName=' * more}\n"),
        "a diff of words": ("a.yaml", f"{'[-' * more}: 1.33.@\n"),
    }


def spent_s(form, long):
    """The processor's time for a text of this length; at least what a clock shows well."""
    name, text = long_texts(long)[form]
    diff = diff_of(name, text.replace("@", "1"), text.replace("@", "2"), WHOLE)
    begin = time.process_time()
    asked(diff)
    return max(time.process_time() - begin, 0.02)


@pytest.mark.parametrize("form", long_texts(1))
def test_a_long_value_takes_no_longer_than_its_length(form):
    assert spent_s(form, LONG) < 3 * TIMES_LONGER * spent_s(form, SHORT)


def test_a_file_in_which_thousands_of_versions_change_is_unknown_unless_it_is_a_lock_file():
    old = "".join(f"k{number}: 1.33.{number}\n" for number in range(MOST_VERSIONS + 1))
    diff = diff_of("x.yaml", old, old.replace("1.33.", "1.34."), WHOLE)
    assert "too many to judge" in said(asked(diff).unknown)
    answer = asked(diff.replace("x.yaml", "x.lock"))
    assert not answer.unknown
    (rule,) = read_rules([{"files": "x.yaml", "means": "generated"}], "upgrade-e2e.toml")
    assert not asked(diff, rules=[rule]).unknown


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(EXTENSIONS),
    st.text(alphabet="ab:={}[]()\"'-#/|>&* \n.,1v3", max_size=80),
    st.text(alphabet="ab:={}[]()\"'-#/|>&* \n.,1v3", max_size=80),
    st.sampled_from([1, 3, WHOLE]),
)
def test_any_change_of_any_file_is_read(extension, old, new, context):
    asked(diff_of(f"x.{extension}", old, new, context))


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    try:
        asked(decode_diff(data, "x.diff"))
    except BadInput:
        return


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("a.tf", "*.tf", True),
        ("infra/eks/a.tf", "*.tf", True),
        ("infra/a.tf", "infra/*.tf", True),
        ("infra/eks/a.tf", "infra/*.tf", False),
        ("infra/eks/a.tf", "infra/**/*.tf", True),
        ("infra/a.tf", "infra/**/*.tf", True),
        ("infra/eks/a.tf", "infra/**", True),
        ("a/kind.yaml", "**/kind.yaml", True),
        ("kind.yaml", "**/kind.yaml", True),
        ("old/infra/a.tf", "infra/*.tf", False),
        ("a.tfx", "*.tf", False),
    ],
)
def test_patterns_of_files_are_those_of_git(path, pattern, fits):
    assert matches(path, pattern) is fits
