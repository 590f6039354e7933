"""The simulated API answers every call of the conformance list as it is written down.

tests/kind/old_cluster/test_conformance.py holds the same list against a real cluster.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.tests.conformance.calls import CALLS
from simulator.tests.conformance.facts import all_facts
from simulator.tests.running import simulator, wait_for

EXPECTED = json.loads(Path(__file__).with_name("conformance.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    with simulator(tmp_path_factory.mktemp("sim"), workers=1) as (_, api):
        wait_for(
            "the service account of the default namespace",
            lambda: api.get_json("/api/v1/namespaces/default/serviceaccounts")["items"],
            bool,
            20,
        )
        yield json.loads(json.dumps(all_facts(api)))


def test_every_call_has_a_name_of_its_own():
    assert len({call.name for call in CALLS}) == len(CALLS)
    assert {call.name for call in CALLS} == set(EXPECTED)


@pytest.mark.parametrize("name", [call.name for call in CALLS])
def test_the_answer_is_as_written_down(answers, name):
    assert answers[name] == EXPECTED[name]
