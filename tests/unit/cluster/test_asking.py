"""Asking an API server that may be away for a moment."""

from __future__ import annotations

import pytest
from kubernetes.client.exceptions import ApiException

from tests.unit.kind.fakes import node
from upgrade_e2e.cluster.asking import condition, get, is_reached_by, items
from upgrade_e2e.errors import DeadlinePassed


def test_a_question_is_asked_again_while_the_api_server_restarts(api, cluster):
    api.answers["/api/v1/nodes"] = [(503, {}), (403, {}), {"items": [node("dev-worker")]}]
    (found,) = items(cluster, "/api/v1/nodes")
    assert found["metadata"]["name"] == "dev-worker"
    assert api.asked == ["/api/v1/nodes"] * 3


def test_an_api_server_that_stays_away_is_named_with_the_question(api, cluster):
    api.answers["/api/v1/nodes"] = (503, {})
    with pytest.raises(DeadlinePassed, match=r"no answer about /api/v1/nodes within 10 ms.*503"):
        items(cluster, "/api/v1/nodes", within_s=0.01)


def test_an_object_that_is_not_there_is_said_at_once(api, cluster):
    with pytest.raises(ApiException, match="404"):
        get(cluster, "/api/v1/namespaces/shop")
    assert api.asked == ["/api/v1/namespaces/shop"]


@pytest.mark.parametrize(
    ("answer", "reached"), [({"items": []}, True), ((401, {}), False), ((503, {}), False)]
)
def test_a_kubeconfig_reaches_a_cluster_when_it_reads_the_nodes(api, cluster, answer, reached):
    api.answers["/api/v1/nodes"] = answer
    assert is_reached_by(cluster.kubeconfig, within_s=0.01) is reached


def test_a_kubeconfig_of_an_api_server_that_is_gone_reaches_nothing(api, cluster, tmp_path):
    gone = tmp_path / "gone"
    gone.write_text(api.kubeconfig().replace(str(api.port), "9"))
    assert not is_reached_by(gone, within_s=0.01)


@pytest.mark.parametrize(
    ("shown", "holds"),
    [
        ({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, True),
        ({"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}, False),
        ({"status": {"conditions": [{"type": "Other", "status": "True"}]}}, False),
        ({"status": {"conditions": None}}, False),
        ({}, False),
    ],
)
def test_a_condition_holds_only_when_it_is_shown_as_true(shown, holds):
    assert condition(shown, "Ready") is holds
