"""The schema that editors get says what the table accepts."""

from __future__ import annotations

import json
import tomllib

import pytest
from jsonschema import Draft202012Validator

from upgrade_e2e.errors import BadInput
from upgrade_e2e.run.config import load_config
from upgrade_e2e.run.schema import config_schema, shipped_schema

TEXTS = [
    'from = "v1.33"',
    "workers = 3",
    "workers = 2.5",
    "workers = true",
    "watch-before = 4",
    'watch-before = "4"',
    'provider = "vm"',
    'fault = "no-prestop"',
    'fault = ["no-prestop"]',
    "fault = [1]",
    'after-create = ["sh", "-c", "true"]',
    'after-create = "sh"',
    'images = {"v1.34.3" = "mine:1"}',
    "images = {x = 1}",
    "workres = 1",
    'config = "x.toml"',
    'scenario = ["dns_latency"]',
    "parallel = 2",
    'profile = "nightly"',
    'profile = "weekly"',
    'limits = "x.toml"',
    'versions-in = ["infra/**"]',
    'versions-in = "infra/**"',
    "never-rolled-out = [1.34]",
    '[[bump-rules]]\npath = "platform.release"',
    '[[bump-rules]]\nfiles = ["a.yaml"]\nmeans = "addon"',
    '[[bump-rules]]\nfiles = "a.yaml"',
    '[[bump-rules]]\nmeans = "addon"',
    '[[bump-rules]]\npath = "a"\nmeans = "upgrade"',
    '[[bump-rules]]\npaht = "a"',
    'bump-rules = "a"',
]


def accepts(folder, text):
    """Whether the tool accepts the file."""
    (folder / "upgrade-e2e.toml").write_text(text)
    try:
        load_config(None, folder)
    except BadInput:
        return False
    return True


def test_the_shipped_file_is_made_from_the_options_of_today():
    assert json.loads(shipped_schema()) == config_schema()


def test_it_is_a_schema():
    Draft202012Validator.check_schema(config_schema())


@pytest.mark.parametrize("text", TEXTS)
def test_schema_and_tool_agree(tmp_path, text):
    valid = Draft202012Validator(config_schema()).is_valid(tomllib.loads(text))
    assert valid is accepts(tmp_path, text)


def test_the_samples_are_of_both_kinds(tmp_path):
    assert {accepts(tmp_path, text) for text in TEXTS} == {True, False}
