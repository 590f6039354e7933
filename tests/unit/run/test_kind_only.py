"""Options that mean nothing to a simulated cluster are refused there, and ask for kind."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers import BackupPlace, GuardPair
from upgrade_e2e.options import OPTIONS
from upgrade_e2e.providers.kind import KindSettings
from upgrade_e2e.run import PassSettings
from upgrade_e2e.run.kind_only import _KIND_ONLY, kind_options_in
from upgrade_e2e.run.providers import sim_settings
from upgrade_e2e.upgrade import Fault

GIVEN = {
    "fast_control_plane": True,
    "reuse_cluster": "mine",
    "nearest_patch": True,
    "image_catalogue": Path("images.toml"),
    "kind_config": Path("kind.yaml"),
    "after_create": ("make", "cni"),
    "upgrade_config": Path("upgrade.yaml"),
    "drain_timeout_s": 900.0,
    "drain_args": ("--force",),
    "step_timeout_s": 900.0,
    "join_node": False,
}


@pytest.mark.parametrize("field", GIVEN)
def test_each_is_refused_by_name_and_with_a_reason(field):
    settings = replace(PassSettings(), **{field: GIVEN[field]})
    option = _KIND_ONLY[field]
    with pytest.raises(BadInput) as caught:
        sim_settings(settings, Path("w"))
    assert f"--{option.name}: {option.why}" in str(caught.value)
    assert kind_options_in(settings) == (f"--{option.name}",)


def test_all_that_are_given_are_named_at_once():
    with pytest.raises(BadInput, match=r"--kind-config: .*; --drain-args: "):
        sim_settings(replace(PassSettings(), **GIVEN), Path("w"))


def test_nothing_is_refused_that_was_not_given():
    sim_settings(PassSettings(), Path("w"))
    assert kind_options_in(PassSettings()) == ()


def test_node_images_of_a_table_do_not_keep_from_a_rehearsal():
    settings = PassSettings(node_images={"v1.34.4": "mine:1"})
    sim_settings(settings, Path("w"))
    assert kind_options_in(settings) == ("--image-for",)


def test_policies_of_a_table_do_not_keep_from_a_rehearsal():
    settings = PassSettings(guards=(GuardPair("a", "a.yaml", "{}", "[]", "words"),))
    sim_settings(settings, Path("w"))
    assert kind_options_in(settings) == ("--guard-forbidden",)


def test_a_place_for_snapshots_does_not_keep_from_a_rehearsal():
    settings = PassSettings(backup_place=BackupPlace("s3://backups/x"))
    sim_settings(settings, Path("w"))
    assert kind_options_in(settings) == ("--backup-into",)


def test_a_fault_that_only_kind_has_asks_for_kind():
    faults = (Fault("lacks-image", "registry.k8s.io/pause:3.10.1"), Fault("no-prestop"))
    assert kind_options_in(PassSettings(faults=faults)) == ("--fault lacks-image",)


def test_every_entry_is_an_option_and_a_setting_of_kind():
    assert {option.name for option in _KIND_ONLY.values()} <= {option.name for option in OPTIONS}
    assert set(_KIND_ONLY) <= {field.name for field in fields(PassSettings)}
    assert set(GIVEN) - {"kind_config"} <= {field.name for field in fields(KindSettings)}
