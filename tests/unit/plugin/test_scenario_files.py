"""What a word after --scenario means, and what is said where it means nothing."""

from __future__ import annotations

import pytest

from pytest_upgrade_e2e.scenario_files import scenario_file, shipped_scenarios
from upgrade_e2e.errors import BadInput


@pytest.mark.parametrize("name", ["dns_latency", "test_dns_latency", "test_dns_latency.py"])
def test_a_scenario_is_named_by_its_file(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert scenario_file(name) == str(shipped_scenarios() / "test_dns_latency.py")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("lookups_stay_fast", "'lookups_stay_fast'; that is a claim of dns_latency: "),
        ("test_lookups_stay_fast", "--scenario dns_latency -- -k test_lookups_stay_fast judges it"),
        ("dns", "; did you mean dns_latency? It is a file, or one of api_availability, "),
        ("test_rollout502.py", "; did you mean rollout_502? It is a file"),
        ("pod", "; did you mean new_pods_have_network or pod_churn? It is a file"),
        ("nope", "'nope'; it is a file, or one of api_availability, "),
    ],
)
def test_a_word_that_is_no_scenario_is_refused_with_what_was_meant(
    name, told, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput) as refused:
        scenario_file(name)
    assert told in str(refused.value)
