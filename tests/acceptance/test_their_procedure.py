"""Procedures as people have them, given to the installed command: taken or refused."""

from __future__ import annotations

import pytest

from tests.acceptance.command import said, tool

PATH = ("plan", "--from", "v1.33.7", "--to", "v1.34.3")
HEAD = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\n"


def test_the_users_own_procedure_is_in_the_plan(tmp_path):
    (tmp_path / "upgrade.yaml").write_text(
        HEAD + "apply: {ignorePreflightErrors: [CreateJob], skipPhases: [addon],\n"
        "  patches: {directory: /patches}, certificateRenewal: false}\n"
    )
    words = ("--upgrade-config", "upgrade.yaml", "--drain-timeout", "900")
    done = tool(*PATH, *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for word in (
        "apply skips addon; apply uses patches in /patches; apply has certificateRenewal: false",
        "drain-timeout: 900 s",
        "--timeout=900s",
        "CreateJob, Swap",
    ):
        assert word in said(done)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("apiVersion: kubeadm.k8s.io/v1beta3\nkind: UpgradeConfiguration\n", "v1beta3 has no"),
        (
            HEAD + "---\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n",
            "holds 2 documents; write one UpgradeConfiguration",
        ),
        (
            HEAD + "apply: {skipPhases: [adon]}\n",
            "did you mean 'addon'",
        ),
    ],
)
def test_a_procedure_that_cannot_work_is_refused(tmp_path, text, words):
    (tmp_path / "upgrade.yaml").write_text(text)
    done = tool(*PATH, "--upgrade-config", "upgrade.yaml", cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert words in said(done)
