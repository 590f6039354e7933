"""Clusters from public reports: each is taken or refused as is right, and something proves it.

The inputs are in a folder next to the checkout, which is not part of the project. Where it is not
there, the tests of our own inputs stand alone.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.acceptance.command import said, tool

ROOT = Path(__file__).parents[2]
CASES = ROOT.parent / "shared" / "cases" / "clusters"
PATH = ("plan", "--provider", "kind", "--from", "v1.33.7", "--to", "v1.34.3")
TWO_WORKERS = "1 control plane(s), 2 worker(s)"

# By input: the exit code and words of the plan.
PLANS = {
    "a01-single-node/kind.yaml": (0, "single-node: its kubelet is replaced in place: no drain"),
    "a02-dual-ipvs-calico/kind.yaml": (0, "network-plugin: none"),
    "a03-ipv6-dns-and-edge/kind.yaml": (0, TWO_WORKERS),
    "a04-no-kube-proxy/kind.yaml": (0, "network-plugin: none"),
    "a06-ports-mounts-registry/kind.yaml": (0, "worker is the only node that takes every pod"),
    "a07-removed-feature-gate/kind-kubelet-only.yaml": (0, TWO_WORKERS),
    "a07-removed-feature-gate/kind.yaml": (0, TWO_WORKERS),
    "a08-audit-admission-mounts/kind.yaml": (0, "mount ./audit.yaml is taken from the folder of"),
    "a09-two-control-planes/kind.yaml": (2, "cannot hold a majority in etcd"),
    "a10-image-repository/kind.yaml": (0, TWO_WORKERS),
    "a12-kubeadm-patches/kind.yaml": (0, "mount ./patches is taken from the folder of"),
    "a13-nftables-labels-ha/kind.yaml": (0, "3 control plane(s), 2 worker(s)"),
    "b10-removed-api-version/kind.yaml": (0, TWO_WORKERS),
    "b11-removed-kubelet-flag/kind.yaml": (0, TWO_WORKERS),
    "b12-etcd-quota/kind.yaml": (0, TWO_WORKERS),
    "b15-own-upgrade-configuration/upgrade.yaml": (0, "apply skips addon; apply uses patches in"),
}

# By case: what is right about it, and the tests that prove it.
PROOFS = {
    "a01": {  # one node is upgraded without a drain
        "kind/test_shapes.py": ("test_each_node_is_drained_unless_it_is_the_only_one",),
        "acceptance/test_their_cluster.py": ("test_a_configuration_is_taken_as_it_is",),
    },
    "a02": {  # own network, mode and families, each of them a fact
        "acceptance/test_their_cluster.py": ("test_a_configuration_is_taken_as_it_is",),
        "unit/cluster/test_facts.py": ("test_the_mode_of_kube_proxy_is_that_of_its_configuration",),
        "kind/test_their_cluster.py": ("test_the_command_ran_before_nodes_were_waited_for",),
    },
    "a03": {"kind/test_families.py": ("test_every_probe_is_answered_in_this_network",)},
    "a04": {  # kube-proxy is absent and stays so
        "unit/kind/test_rolling.py": ("test_a_cluster_without_a_kube_proxy_is_whole",),
        "kind/test_addons.py": ("test_a_kube_proxy_that_kubeadm_brings_back_is_a_complaint",),
    },
    "a06": {  # ports, mounts, registries, labels and taints are there
        "kind/test_their_cluster.py": (
            "test_the_mapped_port_leads_into_the_node",
            "test_mounts_are_those_next_to_the_file",
            "test_the_configuration_of_containerd_is_patched",
            "test_labels_and_taints_are_as_written",
        )
    },
    "a08": {  # flags and volumes of the API server are there
        "kind/test_their_cluster.py": (
            "test_the_flags_of_the_api_server_are_there_and_its_mount_is_read",
        )
    },
    "a09": {  # two control planes are refused, older kubelets are not
        "acceptance/test_their_cluster.py": ("test_what_cannot_work_is_refused_with_the_reason",),
        "kind/test_their_cluster.py": (
            "test_nodes_are_at_the_version_of_the_path_but_for_the_older_one",
        ),
    },
    "a10": {  # images of a mirror are those that kubeadm wants
        "kind/test_addons.py": ("test_the_upgrade_wants_what_kubeadm_wants_for_this_cluster",),
    },
    "a12": {  # patches are applied again
        "kind/test_procedure.py": (
            "test_the_patches_are_in_the_new_control_plane_and_kubelets",
            "test_a_missing_folder_of_patches_is_refused_before_anything_is_upgraded",
        )
    },
    "a13": {  # nftables, labels and three control planes
        "kind/test_their_cluster.py": ("test_the_mode_of_kube_proxy_is_theirs",),
        "kind/test_ha.py": ("test_every_control_plane_is_at_the_target",),
    },
    "b01": {"kind/old_cluster/test_drains.py": ("test_a_budget_that_never_lets_go",)},
    "b08": {  # kubeadm's own sentence, or why CoreDNS was kept
        "kind/test_addons.py": (
            "test_a_coredns_that_kubeadm_does_not_know_is_refused_in_its_own_words",
        ),
        "unit/kind/test_rolling.py": ("test_coredns_that_kubeadm_kept_is_said_at_once",),
    },
    "b09": {"kind/old_cluster/test_drains.py": ("test_a_finalizer_that_nobody_removes",)},
    "b15": {  # an UpgradeConfiguration of one's own
        "kind/test_procedure.py": (
            "test_the_upgrade_holds_and_nothing_is_left_to_do",
            "test_every_artifact_names_the_procedure",
        )
    },
    "b16": {  # disabled addons are left alone, and it is a failure when they are not
        "unit/kind/test_configuration.py": ("test_what_the_configuration_disables_is_not_wanted",),
        "unit/kind/test_inspection.py": (
            "test_an_addon_that_kubeadm_leaves_alone_must_not_change",
        ),
        "kind/test_addons.py": ("test_a_kube_proxy_that_kubeadm_brings_back_is_a_complaint",),
    },
    "b17": {  # images that were there beforehand are said to have been, and one can be left out
        "unit/report/test_summary.py": ("test_images_that_were_there_beforehand_are_a_condition",),
        "kind/old_cluster/test_faults.py": (
            "test_without_the_new_pause_image_kubeadms_health_job_does_not_end",
        ),
    },
    "c04": {  # a long way to hand over
        "kind/old_cluster/test_drains.py": (
            "test_a_grace_period_that_is_longer_than_the_drain",
            "test_a_long_way_to_hand_over_is_no_failure_in_a_longer_drain",
        )
    },
}


@pytest.mark.input_from_outside
@pytest.mark.parametrize("name", PLANS)
def test_a_public_case_is_planned_or_refused_as_is_right(tmp_path, name):
    if not CASES.is_dir():
        pytest.skip("the folder ../shared/cases/clusters is not there")
    option = "--upgrade-config" if name.endswith("upgrade.yaml") else "--kind-config"
    done = tool(*PATH, option, CASES / name, cwd=tmp_path)
    code, words = PLANS[name]
    assert done.returncode == code, said(done)
    assert words in said(done)


@pytest.mark.input_from_outside
def test_every_public_configuration_has_a_known_answer():
    if not CASES.is_dir():
        pytest.skip("the folder ../shared/cases/clusters is not there")
    found = {str(file.relative_to(CASES)) for file in CASES.glob("*/kind*.yaml")}
    assert found - PLANS.keys() == set()


@pytest.mark.parametrize("case", PROOFS)
def test_each_case_is_proved_by_a_test_that_is_there(case):
    for file, names in PROOFS[case].items():
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        assert set(names) <= set(re.findall(r"^def (test_\w+)", text, re.MULTILINE)), file
