"""Label and field selectors, as kubectl writes them and as specs do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e_simulator.store.selectors import (
    BadSelector,
    field_selector,
    label_selector,
    selects,
)

LABELS = {"app": "web", "tier": "front"}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,tier=front", True),
        ("app!=web", False),
        ("other!=web", True),
        ("app in (web, api)", True),
        ("app notin (web)", False),
        ("other notin (web)", True),
        ("app", True),
        ("!app", False),
        ("!other,app in (web)", True),
        ("app=", False),
    ],
)
def test_label_selectors(text, selected):
    assert label_selector(text)(LABELS) is selected


@pytest.mark.parametrize("text", ["=web", "app=web;", "app in web", "app=(a)", "a b"])
def test_a_label_selector_that_cannot_be_read_is_refused(text):
    with pytest.raises(BadSelector):
        label_selector(text)


KEYS = st.sampled_from(["app", "tier", "other"])
VALUES = st.sampled_from(["web", "front", "x"])


@given(st.dictionaries(KEYS, VALUES), st.dictionaries(KEYS, VALUES))
def test_match_labels_and_text_select_the_same(labels, wanted):
    text = ",".join(f"{key}={value}" for key, value in wanted.items())
    assert selects({"matchLabels": wanted}, labels) == label_selector(text)(labels)


@given(st.dictionaries(KEYS, VALUES), KEYS, st.lists(VALUES, min_size=1, unique=True))
def test_expressions_and_text_select_the_same(labels, key, values):
    for operator, word in (("In", "in"), ("NotIn", "notin")):
        expression = {"key": key, "operator": operator, "values": values}
        text = f"{key} {word} ({','.join(values)})"
        assert selects({"matchExpressions": [expression]}, labels) == label_selector(text)(labels)


def test_no_selector_selects_nothing_and_an_empty_one_everything():
    assert not selects(None, LABELS)
    assert selects({}, {})


def test_an_unknown_operator_is_refused():
    with pytest.raises(BadSelector):
        selects({"matchExpressions": [{"key": "app", "operator": "Like", "values": []}]}, LABELS)


POD = {"metadata": {"name": "a", "namespace": "n"}, "spec": {"nodeName": "w"}, "status": {}}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("spec.nodeName=w", True),
        ("spec.nodeName!=w", False),
        ("metadata.name=a,metadata.namespace=n", True),
        ("status.phase=Running", False),
        ("status.phase!=Running", True),
        ("spec.hostNetwork=false", True),
    ],
)
def test_field_selectors(text, selected):
    assert field_selector("pods", text)(POD) is selected


def test_a_field_that_cannot_be_selected_by_is_refused():
    with pytest.raises(BadSelector, match="not supported"):
        field_selector("pods", "spec.containers=x")
    with pytest.raises(BadSelector, match="not supported"):
        field_selector("services", "spec.nodeName=w")
