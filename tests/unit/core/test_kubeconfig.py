"""A kubeconfig that cannot be used is refused, with the way to fix it."""

from __future__ import annotations

import pytest

from upgrade_e2e.cluster import Api
from upgrade_e2e.errors import BadInput

HALF = """
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: me}}]
"""


@pytest.mark.parametrize(
    "content",
    ["", "a: [b", "just words", "[1, 2]", HALF, "current-context: elsewhere", b"\xff\xfe\x00"],
    ids=["empty", "not YAML", "words", "a list", "half", "no contexts", "not text"],
)
def test_what_is_no_kubeconfig_is_refused_with_the_fix(tmp_path, content):
    file = tmp_path / "kubeconfig"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadInput) as caught:
        Api.from_kubeconfig(file)
    assert str(file) in str(caught.value)
    assert "kind get kubeconfig" in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"cannot be used \(there is no such file\)"):
        Api.from_kubeconfig(tmp_path / "nowhere")


def test_a_file_in_a_folder_that_may_not_be_entered_is_refused(tmp_path, hide):
    hide(tmp_path)
    with pytest.raises(BadInput, match=r"cannot be used \(Permission denied\)"):
        Api.from_kubeconfig(tmp_path / "kubeconfig")


def test_a_file_that_may_not_be_read_is_refused_with_the_reason(tmp_path, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied", "kubeconfig")

    (tmp_path / "kubeconfig").write_text(HALF)
    monkeypatch.setattr("kubernetes.config.load_kube_config", refuse)
    with pytest.raises(BadInput, match=r"cannot be used \(Permission denied\)"):
        Api.from_kubeconfig(tmp_path / "kubeconfig")


def test_a_file_of_something_else_is_said_to_be_no_kubeconfig(tmp_path):
    file = tmp_path / "notes"
    file.write_text("just words")
    with pytest.raises(BadInput, match=r"cannot be used \(it is no kubeconfig\)"):
        Api.from_kubeconfig(file)


def test_a_folder_in_its_place_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be used"):
        Api.from_kubeconfig(tmp_path)
