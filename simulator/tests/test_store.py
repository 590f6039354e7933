"""The store against a plain model, and what watches are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e_simulator.store import Compacted, Exists, Key, Missing, Stale, Store

NAMES = st.sampled_from(["a", "b", "c"])
ACTIONS = st.lists(
    st.tuples(st.sampled_from(["create", "update", "remove"]), NAMES, st.integers(0, 9))
)


def key(name):
    return Key("pods", "default", name)


def obj(name, value=0):
    return {"metadata": {"name": name, "namespace": "default"}, "value": value}


@given(ACTIONS)
def test_the_store_is_a_dictionary_with_growing_revisions(actions):
    store, model, revisions = Store(), {}, [1]
    for action, name, value in actions:
        try:
            if action == "create":
                store.create(key(name), obj(name, value))
                assert name not in model
                model[name] = value
            elif action == "update":
                store.update(key(name), obj(name, value))
                assert name in model
                model[name] = value
            else:
                store.remove(key(name))
                del model[name]
        except Exists:
            assert name in model
        except Missing:
            assert name not in model
        else:
            revisions.append(store.revision)
    assert {o["metadata"]["name"]: o["value"] for o in store.objects("pods")} == model
    assert revisions == sorted(set(revisions))


@given(ACTIONS)
def test_history_replayed_gives_the_same_objects(actions):
    store = Store()
    for action, name, value in actions:
        try:
            getattr(store, action)(
                *((key(name),) if action == "remove" else (key(name), obj(name, value)))
            )
        except (Exists, Missing):
            continue
    replayed = {}
    for change in store.since("pods", 1):
        if change.gone:
            del replayed[change.key.name]
        else:
            replayed[change.key.name] = change.new
    assert replayed == {o["metadata"]["name"]: o for o in store.objects("pods")}


def test_an_update_from_an_old_revision_is_stale():
    store = Store()
    first = store.create(key("a"), obj("a"))
    store.update(key("a"), obj("a", 1))
    with pytest.raises(Stale):
        store.update(key("a"), obj("a", 2), first["metadata"]["resourceVersion"])


def test_what_is_stored_is_not_the_callers_object():
    store = Store()
    mine = obj("a")
    store.create(key("a"), mine)
    assert "resourceVersion" not in mine["metadata"]


def test_history_is_bounded_and_says_so():
    store = Store(history=2)
    for name in "abc":
        store.create(key(name), obj(name))
    assert [change.key.name for change in store.since("pods", 2)] == ["b", "c"]
    with pytest.raises(Compacted):
        store.since("pods", 1)


def test_compaction_forgets_all_history():
    store = Store()
    store.create(key("a"), obj("a"))
    store.compact()
    with pytest.raises(Compacted):
        store.since("pods", 1)
    assert store.since("pods", store.revision) == []


def test_subscribers_hear_of_every_commit_until_they_leave():
    store, heard = Store(), []
    leave = store.subscribe("pods", heard.append)
    store.create(key("a"), obj("a"))
    store.remove(key("a"))
    leave()
    store.create(key("b"), obj("b"))
    assert [(change.key.name, change.gone) for change in heard] == [("a", False), ("a", True)]
