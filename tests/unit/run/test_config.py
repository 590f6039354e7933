"""The configuration table: each type, and a sentence for each mistake."""

from __future__ import annotations

import pytest

from upgrade_e2e.errors import BadInput
from upgrade_e2e.options import OPTIONS
from upgrade_e2e.run.config import load_config

SAMPLES = {str: '"x"', int: "7", float: "1.5", bool: "true"}


def table(folder, text):
    """What a project's table says."""
    (folder / "pyproject.toml").write_text(f"[tool.upgrade-e2e]\n{text}\n")
    return load_config(None, folder)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('from = "v1.33"', {"from": "v1.33"}),
        ("workers = 3", {"workers": 3}),
        ("watch-before = 1.5", {"watch-before": 1.5}),
        ("watch-before = 4", {"watch-before": 4.0}),
        ("fast-control-plane = true", {"fast-control-plane": True}),
        ('provider = "sim"', {"provider": "sim"}),
        ('fault = "no-prestop"', {"fault": ("no-prestop",)}),
        ('path = ["v1.33,v1.34", "v1.34,v1.35"]', {"path": ("v1.33,v1.34", "v1.34,v1.35")}),
        ('images = {"v1.34.4" = "mine:1"}', {"images": {"v1.34.4": "mine:1"}}),
        ('after-create = ["sh", "-c", "x y"]', {"after-create": ("sh", "-c", "x y")}),
        ("", {}),
    ],
)
def test_a_value_has_the_type_of_its_option(tmp_path, text, value):
    read = table(tmp_path, text)
    assert read == value
    assert [type(one) for one in read.values()] == [type(one) for one in value.values()]


@pytest.mark.parametrize(
    "option", [option for option in OPTIONS if option.configurable], ids=lambda option: option.name
)
def test_every_configurable_option_has_a_key(tmp_path, option):
    given = f'"{option.choices[0]}"' if option.choices else SAMPLES.get(option.type, '"x"')
    if option.argv:
        given = '["x", "y z"]'
    assert list(table(tmp_path, f"{option.name} = {given}")) == [option.name]


@pytest.mark.parametrize(
    "option", [option for option in OPTIONS if not option.configurable], ids=lambda one: one.name
)
def test_what_makes_no_sense_in_a_file_is_no_key(tmp_path, option):
    with pytest.raises(BadInput, match=f"unknown key '{option.name}'"):
        table(tmp_path, f'{option.name} = "x"')


@pytest.mark.parametrize("key", ["limits", "artifacts-dir"])
def test_paths_are_relative_to_the_folder_of_the_file(tmp_path, key):
    assert table(tmp_path, f'{key} = "there/x"') == {key: tmp_path / "there" / "x"}
    assert table(tmp_path, f'{key} = "/there/x"')[key].parts == ("/", "there", "x")
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci" / "upgrade.toml").write_text(f'{key} = "x"')
    assert load_config(tmp_path / "ci" / "upgrade.toml", tmp_path) == {key: tmp_path / "ci" / "x"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("node-images = 'x'", "unknown key 'node-images'; did you mean 'node-image'"),
        ("imagse = 'x'", "did you mean 'images'"),
        ("zzz = 1", "unknown key 'zzz'; known are after-create, "),
        ("workers = '3'", "workers is '3'; write a whole number"),
        ("workers = 2.0", "workers is 2.0; write a whole number"),
        ("workers = true", "workers is True; write a whole number"),
        ("watch-after = false", "watch-after is False; write a number"),
        ("watch-after = '3'", "watch-after is '3'; write a number"),
        ("from = 1.33", "from is 1.33; write a text"),
        ("fast-control-plane = 1", "write true or false"),
        ("limits = 1", "limits is 1; write a text"),
        ("fault = [1]", "fault is 1; write a text"),
        ("provider = 'vm'", "provider is 'vm'; it is one of kind, sim"),
        ("keep-cluster = 'often'", "one of never, on-failure, always"),
        ("images = 'x'", "images is 'x'; write a table"),
        ("after-create = 'x y'", "after-create is 'x y'; write a list of texts, one per word"),
        ("drain-args = [1]", "drain-args is 1; write a text"),
        ("images = {'v1.34.4' = 1}", "write a table"),
    ],
)
def test_a_mistake_is_a_sentence_that_names_its_place(tmp_path, text, told):
    with pytest.raises(BadInput) as caught:
        table(tmp_path, text)
    assert told in str(caught.value)
    assert str(caught.value).startswith("[tool.upgrade-e2e] in pyproject.toml")


def test_a_file_of_its_own_is_the_whole_table_and_is_named(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.upgrade-e2e]\nworkers = 1\n")
    file = tmp_path / "upgrade.toml"
    file.write_text("control-planes = 3")
    assert load_config(file, tmp_path) == {"control-planes": 3}
    file.write_text("[tool.upgrade-e2e]\nworkers = 1\n")
    with pytest.raises(BadInput, match=r"upgrade\.toml has the unknown key 'tool'"):
        load_config(file, tmp_path)


def test_a_folder_without_a_table_says_nothing(tmp_path):
    assert load_config(None, tmp_path) == {}
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nworkers = 1\n")
    assert load_config(None, tmp_path) == {}


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        load_config(tmp_path / "gone.toml", tmp_path)
    (tmp_path / "pyproject.toml").write_text("not toml")
    with pytest.raises(BadInput, match="is not TOML"):
        load_config(None, tmp_path)
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="is not TOML"):
        load_config(None, tmp_path)


@pytest.mark.parametrize("text", ["tool = 1", "[tool]\nupgrade-e2e = 'sim'"])
def test_a_table_that_is_none_is_a_sentence(tmp_path, text):
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(BadInput, match=r"\[tool.upgrade-e2e\] in pyproject\.toml is no table"):
        load_config(None, tmp_path)


def test_a_file_with_its_own_name_is_found_and_named(tmp_path):
    (tmp_path / "upgrade-e2e.toml").write_text("workers = 1\n")
    assert load_config(None, tmp_path) == {"workers": 1}
    (tmp_path / "upgrade-e2e.toml").write_text("workres = 1\n")
    with pytest.raises(BadInput, match=r"upgrade-e2e\.toml has the unknown key 'workres'; did you"):
        load_config(None, tmp_path)


def test_two_places_for_options_are_refused(tmp_path):
    (tmp_path / "upgrade-e2e.toml").write_text("workers = 1\n")
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert load_config(None, tmp_path) == {"workers": 1}
    (tmp_path / "pyproject.toml").write_text("[tool.upgrade-e2e]\nworkers = 1\n")
    with pytest.raises(BadInput, match="are both there; keep one of them"):
        load_config(None, tmp_path)


def test_a_scenario_is_a_file_next_to_the_table_or_a_name(tmp_path):
    (tmp_path / "test_mine.py").write_text("")
    read = table(tmp_path, 'scenario = ["test_mine.py::test_x", "dns_latency"]')
    assert read == {"scenario": (f"{tmp_path}/test_mine.py::test_x", "dns_latency")}


def test_a_byte_order_mark_is_no_key(tmp_path):
    (tmp_path / "upgrade-e2e.toml").write_bytes(b"\xef\xbb\xbfworkers = 1\r\n")
    assert load_config(None, tmp_path) == {"workers": 1}
