"""Old and new version in the forms in which people write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.changes import diff_of
from tests.unit.bumps.asked import asked, said, walked
from upgrade_e2e.bumps import Question, find_bumps
from upgrade_e2e.errors import BadInput

KNOWN = "v1.32.2 v1.33.13 v1.34.4"


def bumps_of(diff, **question):
    """The versions that a diff replaces."""
    return find_bumps(diff, Question(**question)).bumps


def key_of(bump):
    """The last key of a bump."""
    return bump.text.split(": ", 1)[0].rsplit(".", 1)[-1]


def bumped(name, text, old="v1.33.13", new="v1.34.4", context=3):
    """The bumps that a diff from `old` to `new` at each @ of `text` shows."""
    diff = diff_of(name, text.replace("@", old), text.replace("@", new), context)
    return [(key_of(bump), bump.old, bump.new) for bump in bumps_of(diff)]


KIND = """\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
- role: control-plane
  image: kindest/node:@
- role: worker
  image: "mirror.example/kindest/node:@"  # was v1.32.2
"""

EKS = """\
resource "aws_eks_cluster" "main" {
  name     = "main"
  role_arn = aws_iam_role.main.arn
  version  = "@"
}
"""

MODULE = """\
module "eks" {
  source  = "terraform-aws-modules/eks/aws"
  version = "20.8.5"

  cluster_name    = "main"
  cluster_version = "@"
}
"""

VARIABLE = """\
variable "kubernetes_version" {
  type    = string
  default = "@"
}

variable "app_version" {
  type    = string
  default = "@"
}
"""

VALUES = """\
cluster:
  name: main
  kubernetes:
    # the API server's
    version: @
    addons:
      cert-manager:
        version: @
image:
  repository: example/app
  tag: @
node:
  image: {repository: kindest/node, tag: "@"}
"""

AKS = """\
resource "azurerm_kubernetes_cluster" "main" {
  kubernetes_version = "@"
  default_node_pool {
    name                 = "default"
    orchestrator_version = "@" // follows
  }
}
"""


def test_kind_config_with_digest_mirror_and_comment():
    assert bumped("kind.yaml", KIND) == [("image", "v1.33.13", "v1.34.4")] * 2


def test_a_digest_is_not_part_of_the_version_and_alone_is_no_bump():
    old, new = (KIND.replace("@", f"v1.34.4@sha256:{digit * 64}") for digit in "ab")
    assert bumps_of(diff_of("kind.yaml", old, new)) == []
    new = new.replace("v1.34.4", "v1.35.4")
    found = bumps_of(diff_of("kind.yaml", old, new))
    assert {(bump.old, bump.new) for bump in found} == {("v1.34.4", "v1.35.4")}


@pytest.mark.parametrize("context", [1, 3, 50])
def test_terraform_resource_version(context):
    # git names the block behind @@ when the hunk does not reach up to it.
    diff = diff_of("main.tf", EKS.replace("@", "1.33"), EKS.replace("@", "1.34"), context)
    (bump,) = bumps_of(diff)
    assert (bump.file, bump.line, bump.old, bump.new) == ("main.tf", 4, "v1.33", "v1.34")
    assert walked(asked(diff, KNOWN)) == ["v1.33.13,v1.34.4"]


def test_terraform_module_chart_and_provider_versions_are_not_taken():
    assert bumped("main.tf", MODULE) == [("cluster_version", "v1.33.13", "v1.34.4")]
    provider = 'kubernetes = {\n  source  = "hashicorp/kubernetes"\n  version = "@"\n}\n'
    assert bumped("main.tf", provider, "2.33.0", "2.34.0") == []
    chart = 'resource "helm_release" "x" {\n  chart   = "x"\n  version = "@"\n}\n'
    assert bumped("main.tf", chart, "1.33.0", "1.34.0") == []


def test_terraform_variable_default_counts_by_the_name_of_the_variable():
    assert bumped("variables.tf", VARIABLE, "1.33", "1.34") == [("default", "v1.33", "v1.34")]


def test_terraform_nested_block_and_tfvars():
    assert [key for key, _, _ in bumped("aks.tf", AKS)] == [
        "kubernetes_version",
        "orchestrator_version",
    ]
    assert bumped("prod.tfvars", 'k8s_version = "@"\n') == [("k8s_version", "v1.33.13", "v1.34.4")]


def test_helm_values_count_where_the_nearest_key_says_so():
    found = bumps_of(
        diff_of("values.yaml", VALUES.replace("@", "v1.33.13"), VALUES.replace("@", "v1.34.4"), 50)
    )
    assert [(bump.line, key_of(bump)) for bump in found] == [(5, "version"), (13, "tag")]


def test_a_hunk_that_hides_the_nearest_key_is_not_guessed_from_the_outermost():
    text = "kubernetes:\n  addons:\n    cert-manager:\n      enabled: true\n      version: @\n"
    diff = diff_of("v.yaml", text.replace("@", "1.18.1"), text.replace("@", "1.19.2"), 1)
    assert "@@ kubernetes:" in diff
    assert bumps_of(diff) == []
    texts = (
        "kubernetes:\n  a: 1\n  b: 2\n  version: @\n".replace("@", v) for v in ("1.18", "1.19")
    )
    old, new = texts
    assert bumps_of(diff_of("v.yaml", old, new, 1, headings=False)) == []
    assert len(bumps_of(diff_of("v.yaml", old, new, 1))) == 1


def test_a_node_added_beside_others_is_not_an_upgrade():
    image = "- role: worker\n  image: kindest/node:{}\n"
    old = "nodes:\n" + image.format("v1.33.1")
    new = "nodes:\n" + image.format("v1.34.1") + image.format("v1.33.1")
    assert bumps_of(diff_of("kind.yaml", old, new)) == []


ROW = """\
          - name: {0}
            os: linux
            arch: amd64
            flavor: plain
            node_image: kindest/node:v1.{0}.1
            cni: kindnet
"""


def test_an_item_that_a_hunk_begins_within_is_not_taken_for_the_next_one():
    head, tail = "jobs:\n  a:\n    strategy:\n      matrix:\n        include:\n", "    steps: []\n"
    old = "".join(ROW.format(minor) for minor in (31, 32, 33))
    answer = asked(diff_of("e2e.yml", head + old + tail, head + old + ROW.format(34) + tail))
    assert (walked(answer), answer.unknown) == ([], [])


def test_the_first_keys_of_a_hunk_stay_beside_the_items_after_them():
    text = "steps:\n- uses: a\n  x: 1\n  y: 2\n  with:\n    node_image: kindest/node:@\n- run: b\n"
    assert bumped("ci.yml", text, context=1) == [("node_image", "v1.33.13", "v1.34.4")]


def test_lines_of_an_object_in_a_list_end_with_the_line():
    text = "param pools array = [\n  {\n    count: 1\n    mode: 'System'\n"
    text += "    orchestratorVersion: '@'\n  }\n]\n"
    for context in (1, 50):
        assert bumped("main.bicep", text, "1.33.5", "1.34.3", context) == [
            ("orchestratorVersion", "v1.33.5", "v1.34.3")
        ]


def test_a_key_in_the_users_word():
    text = "platform:\n  release: @\n"
    assert bumped("values.yaml", text) == []
    diff = diff_of("values.yaml", text.replace("@", "1.33.13"), text.replace("@", "1.34.4"))
    assert [bump.new for bump in bumps_of(diff, keys=["platform.release"])] == ["v1.34.4"]


def test_only_the_files_asked_for():
    diff = diff_of("a/kind.yaml", KIND.replace("@", "v1.32.2"), KIND.replace("@", "v1.33.13"))
    diff += diff_of("b/kind.yaml", KIND.replace("@", "v1.33.13"), KIND.replace("@", "v1.34.4"))
    assert {bump.new for bump in bumps_of(diff, only=["b/*.yaml"])} == {"v1.34.4"}
    assert len(asked(diff, KNOWN).paths) == 2


def test_two_clusters_in_one_file_keep_their_pairs():
    text = "staging:\n  kubernetesVersion: {}\nprod:\n  kubernetesVersion: {}\n"
    diff = diff_of("v.yaml", text.format("1.33.1", "1.32.1"), text.format("1.34.1", "1.33.1"), 50)
    assert [(bump.old, bump.new) for bump in bumps_of(diff)] == [
        ("v1.33.1", "v1.34.1"),
        ("v1.32.1", "v1.33.1"),
    ]


def test_a_moved_line_is_paired_by_its_key():
    old = "a:\n  kubernetesVersion: 1.33.1\n  x: 1\nb:\n  y: 2\n"
    new = "a:\n  x: 1\nb:\n  y: 2\n  kubernetesVersion: 1.34.1\n"
    assert [bump.new for bump in bumps_of(diff_of("v.yaml", old, new))] == ["v1.34.1"]


def test_new_and_removed_files_and_binary_files_are_no_bump():
    text = KIND.replace("@", "v1.34.4")
    assert bumps_of(diff_of("kind.yaml", "", text)) == []
    assert bumps_of(diff_of("kind.yaml", text, "")) == []
    binary = (
        "diff --git a/x.png b/x.png\nindex 1..2 100644\nBinary files a/x.png and b/x.png differ\n"
    )
    assert bumps_of(binary) == []
    assert asked(binary, KNOWN).paths == {}


def test_crlf_rename_and_missing_newline():
    diff = (
        "diff --git a/old name.yaml b/new.yaml\n"
        "similarity index 90%\nrename from old name.yaml\nrename to new.yaml\n"
        "--- a/old name.yaml\n+++ b/new.yaml\n@@ -1 +1 @@\n"
        "-kubernetesVersion: 1.33.1\r\n\\ No newline at end of file\n"
        "+kubernetesVersion: 1.34.1\r\n\\ No newline at end of file\n"
    )
    assert [str(bump) for bump in bumps_of(diff)] == [
        "new.yaml:1: kubernetesVersion: 1.33.1 -> 1.34.1 (a key that says so)"
    ]


def test_vendor_suffixes_go_and_skipped_minors_are_walked():
    diff = diff_of("a.tf", 'gke_version = "1.32.2-gke.100"\n', 'gke_version = "1.34.4-gke.7"\n')
    answer = asked(diff, KNOWN)
    assert walked(answer) == ["v1.32.2,v1.33.13,v1.34.4"]
    assert "v1.33 is walked as v1.33.13, the newest patch that is known" in said(answer.notes)


def test_a_downgrade_names_its_line_and_is_not_walked():
    diff = diff_of("a.tf", 'k8s_version = "1.34.4"\n', 'k8s_version = "1.33.13"\n')
    answer = asked(diff, KNOWN)
    assert not answer.paths
    assert "goes down from v1.34.4 to v1.33.13: not walked" in said(answer.unknown)


@pytest.mark.parametrize(
    "text",
    [
        "hello\n",
        "@@@ -1,2 -1,2 +1,2 @@@\n  a\n",
        "--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n-kubernetesVersion: 1.33.1\n",
    ],
)
def test_what_is_no_unified_diff_is_refused(text):
    with pytest.raises(BadInput, match="diff"):
        bumps_of(text)


@settings(deadline=None)
@given(
    st.text(alphabet="ab:={}\"'-# \n.1v", max_size=80),
    st.text(alphabet="ab:={}\"'-# \n.1v", max_size=80),
)
def test_any_change_is_read_or_refused_but_never_crashes(old, new):
    for bump in bumps_of(diff_of("x.yaml", old, new)):
        assert bump.old != bump.new


@settings(deadline=None)
@given(
    st.sampled_from([("kind.yaml", KIND), ("a.tf", EKS), ("b.tf", MODULE), ("c.tf", AKS)]),
    st.integers(16, 60),
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_every_form_finds_every_version(form, minor, old_patch, new_patch):
    old, new = f"1.{minor}.{old_patch}", f"1.{minor + 1}.{new_patch}"
    found = bumped(*form, old, new, 50)
    assert {(before, after) for _, before, after in found} == {(f"v{old}", f"v{new}")}
