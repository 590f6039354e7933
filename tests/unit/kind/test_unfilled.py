"""Variables of a template that are still in a kind configuration are named."""

from __future__ import annotations

import pytest

from upgrade_e2e.providers.kind.unfilled import unfilled_variables


def test_variables_are_named_wherever_they_are_once_each():
    text = (
        "networking: {podSubnet: '${PODS}'}\n"
        "containerdConfigPatches: ['[mirrors.\"${HOST:-a.test}\"]']\n"
        "nodes: [{role: control-plane, labels: {'${PODS}': a}}, {labels: {zone: '${ZONE}'}}]\n"
    )
    assert unfilled_variables(text) == ("${PODS}", "${HOST:-a.test}", "${ZONE}")


@pytest.mark.parametrize(
    "text",
    [
        "kind: Cluster\n",
        "name: ${NAME}\nnodes: [{image: '${IMAGE}'}]\n",
        "# ${COMMENT}\nkind: Cluster\n",
        "nodes: [{labels: {cost: $5, odd: '${}'}}]\n",
    ],
)
def test_what_a_pass_replaces_and_what_is_no_variable_is_not(text):
    assert unfilled_variables(text) == ()
