"""The four patch formats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e_simulator.api.extras import PatchRequest
from upgrade_e2e_simulator.api.merging import merge_patch
from upgrade_e2e_simulator.api.status import StatusError
from upgrade_e2e_simulator.kubectl.apply import ApplyConflict, apply_configuration
from upgrade_e2e_simulator.kubectl.fields import fields_of, from_v1, to_v1
from upgrade_e2e_simulator.kubectl.formats import json_patch
from upgrade_e2e_simulator.kubectl.ownership import Manager, after_update
from upgrade_e2e_simulator.kubectl.strategic import strategic_merge

NOW = "2026-01-01T00:00:00Z"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text("ab", max_size=2),
    lambda inner: st.dictionaries(st.text("xyz", min_size=1, max_size=2), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.text("xyz", min_size=1, max_size=2), VALUES, max_size=3)


def merged_by_the_book(target, patch):
    """RFC 7386, section 2, word by word."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged_by_the_book(result.get(name), value)
    return result


@given(OBJECTS, OBJECTS)
def test_merge_patch_is_the_rfcs(target, patch):
    assert merge_patch(target, patch) == merged_by_the_book(target, patch)


def test_json_patch_changes_and_refuses():
    operations = [{"op": "replace", "path": "/a", "value": 2}]
    assert json_patch({"a": 1}, PatchRequest(operations, "me")) == {"a": 2}
    for bad in ({"op": "add"}, [{"op": "remove", "path": "/b"}], [{"op": "nope", "path": "/a"}]):
        with pytest.raises(StatusError, match="rejected our request"):
            json_patch({"a": 1}, PatchRequest(bad, "me"))


def pod(*containers, **more):
    return {"spec": {"containers": list(containers), **more}}


def test_strategic_merge_joins_lists_by_their_key():
    live = pod({"name": "a", "image": "1"}, {"name": "b", "image": "1"})
    patch = pod({"name": "b", "image": "2"}, {"name": "c", "image": "3"})
    images = {c["name"]: c["image"] for c in strategic_merge(live, patch)["spec"]["containers"]}
    assert images == {"a": "1", "b": "2", "c": "3"}


def test_strategic_merge_directives():
    live = pod({"name": "a"}, {"name": "b"}, nodeSelector={"x": "1", "y": "2"})
    gone = strategic_merge(live, pod({"name": "a", "$patch": "delete"}))
    assert [c["name"] for c in gone["spec"]["containers"]] == ["b"]
    whole = strategic_merge(live, pod({"name": "c"}, {"$patch": "replace"}))
    assert whole["spec"]["containers"] == [{"name": "c"}]
    kept = strategic_merge(live, {"spec": {"nodeSelector": {"$retainKeys": ["x"], "x": "3"}}})
    assert kept["spec"]["nodeSelector"] == {"x": "3"}
    order = {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}}
    assert [c["name"] for c in strategic_merge(live, order)["spec"]["containers"]] == ["b", "a"]
    finalizers = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["f"]}}
    assert strategic_merge({"metadata": {"finalizers": ["f", "g"]}}, finalizers) == {
        "metadata": {"finalizers": ["g"]}
    }


def test_strategic_merge_leaves_its_arguments_alone():
    live, patch = pod({"name": "a", "image": "1"}), pod({"name": "a", "image": "2"})
    strategic_merge(live, patch)
    assert live == pod({"name": "a", "image": "1"})


ME, YOU = Manager("me", "Apply"), Manager("you", "Apply")


def base(**spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec}


def test_apply_removes_what_its_manager_no_longer_says():
    first = apply_configuration(base(), base(a=1, b=2), ME, NOW, force=False)
    second = apply_configuration(first, base(a=1), ME, NOW, force=False)
    assert second["spec"] == {"a": 1}


def test_apply_keeps_what_others_own():
    live = apply_configuration(base(), base(a=1, b=2), ME, NOW, force=False)
    live = apply_configuration(live, base(b=2), YOU, NOW, force=False)
    live = apply_configuration(live, base(a=1), ME, NOW, force=False)
    assert live["spec"] == {"a": 1, "b": 2}


def test_apply_conflicts_unless_forced():
    live = apply_configuration(base(), base(a=1), ME, NOW, force=False)
    with pytest.raises(ApplyConflict) as caught:
        apply_configuration(live, base(a=2), YOU, NOW, force=False)
    assert caught.value.conflicts == [("me", ".spec.a")]
    forced = apply_configuration(live, base(a=2), YOU, NOW, force=True)
    again = apply_configuration(forced, base(), ME, NOW, force=False)
    assert again["spec"] == {"a": 2}


def test_an_update_takes_ownership_of_what_it_changes():
    live = apply_configuration(base(), base(a=1, b=1), ME, NOW, force=False)
    changed = {**live, "spec": {"a": 2, "b": 1}}
    changed = after_update(live, changed, Manager("kubectl", "Update"), NOW)
    with pytest.raises(ApplyConflict):
        apply_configuration(changed, base(a=3, b=1), ME, NOW, force=False)


def test_ports_of_one_number_and_two_protocols_are_two_items():
    ports = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    live = apply_configuration(base(), base(ports=ports), ME, NOW, force=False)
    assert (
        apply_configuration(live, base(ports=ports), ME, NOW, force=False)["spec"]["ports"] == ports
    )


@given(OBJECTS)
def test_field_sets_survive_being_written(spec):
    fields = fields_of({"spec": spec, "apiVersion": "v1"})
    assert from_v1(to_v1(fields)) == fields
