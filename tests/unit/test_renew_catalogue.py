"""The script that renews the catalogue, on notes in the form that kind's releases have."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.resolving.catalogue import Catalogue
from upgrade_e2e.version import KubeVersion

SCRIPT = Path(__file__).parents[2] / "ci" / "renew_catalogue.py"
A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
NOTES = f"""A release that exists only here.\r
\r
The default node image is now `kindest/node:v1.34.3@{A}`\r
\r
Images pre-built for this release:\r
- v1.34.3: `kindest/node:v1.34.3@{A}`\r
- v1.33.12: `kindest/node:v1.33.12@{B}`\r
\r
Additional images built for this release:\r
 * 1.35: `kindest/node:v1.35.0@{C}`\r
\r
Of the release before, `kindest/node:v1.30.1@{C}` still works.\r
"""


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("renew_catalogue", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def row(tag="v0.40.0", body=NOTES, **more):
    return {"tag_name": tag, "body": body, "draft": False, "prerelease": False, **more}


def test_only_the_lists_of_the_notes_count(script):
    found = {str(version): digest for version, digest in script.images_in(NOTES).items()}
    assert found == {"v1.34.3": A, "v1.33.12": B, "v1.35.0": C}


def test_two_digests_of_one_version_are_not_guessed_about(script):
    twice = NOTES + f"- v1.34.3: `kindest/node:v1.34.3@{B}`\n"
    with pytest.raises(BadInput, match=r"kind v0\.40\.0: .*v1\.34\.3 with two digests"):
        list(script.releases_in([row(body=twice)]))


def test_notes_of_another_form_are_refused_not_skipped(script):
    with pytest.raises(BadInput, match=r"kind v0\.40\.0 list no node image"):
        list(script.releases_in([row(body="see the web page")]))


@pytest.mark.parametrize("more", [{"draft": True}, {"prerelease": True}, {"tag": "v0.26.0"}])
def test_what_is_no_release_and_what_is_too_old_is_left_out(script, more):
    assert list(script.releases_in([row(**more)])) == []


def test_releases_that_the_answer_lacks_stay_and_others_are_replaced(script):
    old = Catalogue.load()
    changed = {**row("v0.31.0"), "body": NOTES}
    new = script.merged(old, list(script.releases_in([row(), changed])))
    assert [str(one.kind) for one in new.releases][:3] == ["v0.40.0", "v0.33.0", "v0.32.0"]
    by_kind = {str(one.kind): one for one in new.releases}
    assert by_kind["v0.31.0"].images[KubeVersion.parse("v1.34.3")] == A
    said = "\n".join(script.differences(old, new))
    assert f"kind v0.40.0, v1.34.3: not listed -> {A}" in said
    assert "kind v0.31.0, v1.32.11: sha256:5fc52d52" in said
    assert "v0.30.0" not in said


def test_the_shipped_file_is_as_the_script_writes_it(script):
    assert script.rendered(Catalogue.load()) == script.FILE.read_text(encoding="utf-8")


def test_it_writes_a_file_that_can_be_read_again(script, tmp_path):
    answer, file = tmp_path / "answer.json", tmp_path / "catalogue.toml"
    answer.write_text(json.dumps([row()]))
    file.write_text(
        Path(
            SCRIPT.parents[1], "e2e/upgrade_e2e/providers/kind/resolving/catalogue.toml"
        ).read_text()
    )
    words = [sys.executable, str(SCRIPT), "--from", str(answer), "--file", str(file)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 3
    assert Catalogue.load(file).releases[0].kind == KubeVersion.parse("v0.40.0")
    again = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert again.stdout == "nothing changed.\n"
