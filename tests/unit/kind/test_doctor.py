"""What `doctor` finds on machines that lack things."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from upgrade_e2e.cli import machine as command
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.doctor import Machine, conclude, examine
from upgrade_e2e.providers.kind.resolving import Registry

ALL_CAPABILITIES = "CapBnd:\t000001ffffffffff\n"
WITHOUT_SYS_RESOURCE = "CapBnd:\t000001fffeffffff\n"


@pytest.fixture
def look(machine, ledger, tmp_path, monkeypatch):
    """Examine the fake machine; the findings by what was looked at."""
    proc = tmp_path / "proc"
    inotify = proc / "sys" / "fs" / "inotify"
    inotify.mkdir(parents=True)
    (proc / "self").mkdir()
    (proc / "self" / "status").write_text(ALL_CAPABILITIES)
    (inotify / "max_user_instances").write_text("512\n")
    (inotify / "max_user_watches").write_text("524288\n")
    machine.root = tmp_path
    free = type("Usage", (), {"free": 50 * 2**30})
    monkeypatch.setattr("shutil.disk_usage", lambda _: free)
    memory = type("Memory", (), {"available": 8 * 2**30})
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    kubectl = machine.answer

    def answer(argv, stdin, files):
        if argv[:1] == ("kubectl",):
            return machine.broken.get("kubectl", (0, "Client Version: v1.34.4"))
        return kubectl(argv, stdin, files)

    machine.answer = answer
    machine.images["nginx:stable"] = machine.images["python:3.11-slim"]

    def examined(*versions):
        where = Machine(host=machine.runner, proc=proc, ledger=ledger)
        return {finding.what: finding for finding in examine(versions, machine=where)}

    examined.proc = proc
    return examined


def test_a_machine_that_has_everything(look):
    findings = look("v1.33.13", "v1.34.4")
    assert all(finding.ok for finding in findings.values())
    assert findings["image kindest/node:v1.34.4"].found == "there"
    assert str(findings["disk"]).startswith("ok       disk: 50 GiB free")
    assert conclude(list(findings.values())) == "A real pass can start."


def test_a_node_image_that_is_nowhere_names_the_nearest_and_the_command_that_makes_it(look):
    finding = look("v1.35.4")["image kindest/node:v1.35.4"]
    assert not finding.ok
    assert "nearest patches that have one: v1.35.5 (published for kind v0.32.0)" in finding.found
    assert "ci/node-image/build v1.35.4" in finding.fix
    assert "MISSING" in str(finding)


def test_a_published_image_is_to_be_pulled_and_nobody_promises_that_it_can_be(look):
    findings = look("v1.34.3")
    finding = findings["image kindest/node:v1.34.3"]
    assert finding.ok
    assert str(finding).startswith("unsure ")
    assert "not on this machine; published for kind v0.31.0" in finding.found
    assert "not known, because the registry docker.io does not answer" in finding.found
    assert "docker pull kindest/node:v1.34.3@sha256:" in finding.fix
    assert "a mirror, --node-image, or docker load" in finding.fix
    last = conclude(list(findings.values()))
    assert last.startswith("A real pass may fail: it is not known whether docker can pull 1 image.")


def test_without_versions_the_images_of_a_plain_run_are_looked_at(look):
    assert "image kindest/node:v1.33.13" in look()
    assert "image kindest/node:v1.34.4" in look()


def test_no_images_of_two_neighbouring_minors_is_a_problem(look, monkeypatch):
    def none(_):
        raise BadInput("no two neighbouring minors have node images.")

    monkeypatch.setattr("upgrade_e2e.providers.kind.image_findings.newest_pair", none)
    finding = look()["node images"]
    assert not finding.ok
    assert "no two neighbouring minors" in finding.found


def test_latest_is_newer_than_the_version_before_it(look):
    assert look("v1.33.13", "latest")["image kindest/node:v1.34.4"].ok
    found = look("v1.34.4", "latest")
    assert "image kindest/node:v1.34.4" in found
    assert any("published" in finding.found for finding in found.values()), found


@pytest.mark.parametrize(
    ("served", "level", "last"),
    [
        ("", "unsure", "A real pass may fail: it is not known whether docker can pull 1 image."),
        (f"sha256:{'a' * 64}", "note", "A real pass can start."),
        (None, "MISSING", "A real pass cannot start before this is fixed: image nginx:stable."),
    ],
)
def test_an_image_of_workloads_that_is_not_here_is_asked_for(
    look, machine, monkeypatch, served, level, last
):
    del machine.images["nginx:stable"]
    if served != "":
        monkeypatch.setattr(Registry, "digest", lambda registry, tag: served)
    findings = look("v1.33.13")
    assert findings["image nginx:stable"].level.word == level
    assert findings["image nginx:stable"].fix == "" or "--edge-image" in (
        findings["image nginx:stable"].fix
    )
    assert conclude(list(findings.values())).startswith(last)


@pytest.mark.parametrize(
    ("served", "ok", "said"),
    [
        (f"sha256:{'a' * 64}", True, f"to be pulled from docker.io (sha256:{'a' * 64})"),
        (None, False, "but docker.io does not have it"),
    ],
)
def test_a_registry_that_answers_is_believed(look, monkeypatch, served, ok, said):
    monkeypatch.setattr(Registry, "digest", lambda registry, tag: served)
    finding = look("v1.34.3")["image kindest/node:v1.34.3"]
    assert finding.ok is ok
    assert said in finding.found


def test_a_minor_is_said_with_its_version(look):
    assert look("v1.33")["image kindest/node:v1.33.13"].found == "v1.33 is v1.33.13, there"
    nowhere = look("v1.99")["image of v1.99"]
    assert not nowhere.ok
    assert "--image-for v1.99.N=IMAGE" in nowhere.fix


def test_without_docker_nothing_is_said_of_what_only_docker_knows(look, machine):
    machine.broken["docker info"] = (127, "cannot be started: no such file")
    findings = look("v1.33.13")
    assert not findings["docker"].ok
    assert "ci/kind-host" in findings["docker"].fix
    last = conclude(list(findings.values()))
    assert last == "A real pass cannot start before this is fixed: docker."
    assert not any(name.startswith("image") for name in findings)


def test_without_kind_it_cannot_work_and_without_kubectl_it_can(look, machine):
    machine.broken |= {"kind version": (127, "cannot be started: x"), "kubectl": (127, "absent")}
    findings = look()
    assert not findings["kind"].ok
    assert "go install" in findings["kind"].fix
    assert findings["kubectl"].ok


def test_a_missing_capability_needs_a_runtime_that_makes_up_for_it(look, machine):
    (look.proc / "self" / "status").write_text(WITHOUT_SYS_RESOURCE)
    finding = look()["CAP_SYS_RESOURCE"]
    assert not finding.ok
    assert finding.fix == "ci/kind-host"
    with_runtime = machine.docker
    machine.docker = lambda argv: _with_runtime(with_runtime(argv))
    assert look()["CAP_SYS_RESOURCE"].ok


def _with_runtime(answer):
    code, said = answer
    return code, said.replace('"DefaultRuntime": "runc"', '"DefaultRuntime": "wrapper"')


def test_cgroup_v1_is_a_note(look):
    finding = look()["cgroups"]
    assert finding.ok
    assert "failCgroupV1" in finding.found


def test_low_inotify_limits_are_a_note_with_the_command(look):
    (look.proc / "sys" / "fs" / "inotify" / "max_user_instances").write_text("128\n")
    finding = look()["fs.inotify.max_user_instances"]
    assert finding.ok
    assert finding.fix == "sysctl -w fs.inotify.max_user_instances=512"


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("disk", "shutil.disk_usage", lambda _: type("U", (), {"free": 2**30})),
        ("memory", "psutil.virtual_memory", lambda: type("M", (), {"available": 2**30})),
    ],
)
def test_too_little_room_is_a_problem(look, monkeypatch, name, path, value):
    monkeypatch.setattr(path, value)
    finding = look()[name]
    assert not finding.ok
    assert "1" in finding.found
    assert finding.fix


def test_leftovers_and_a_damaged_ledger_are_told(look, ledger, monkeypatch):
    ledger.claim("kind-cluster", "left")
    assert look()["leftovers"].found == "nothing is left of dead runs"
    monkeypatch.setattr("upgrade_e2e.providers.kind.owner._boot_id", lambda: "a later boot")
    assert look()["leftovers"].fix == "upgrade-e2e sweep"
    next(ledger.folder.glob("*.json")).write_text("{")
    assert not look()["leftovers"].ok


def test_a_word_that_is_no_version_is_refused(look):
    with pytest.raises(BadInput, match="not a Kubernetes version"):
        look("lately")


@pytest.mark.parametrize(
    ("table", "words", "looked_at"),
    [
        ("", (), ()),
        ('from = "v1.33"\nto = "v1.34"\n', (), ("v1.33", "v1.34")),
        ('path = ["v1.33,v1.34", "v1.34,v1.35"]\n', (), ("v1.33", "v1.34", "v1.35")),
        ('from = "v1.33"\nto = "v1.34"\n', ("v1.36",), ("v1.36",)),
    ],
)
def test_the_command_looks_at_what_a_plain_run_would_take(
    tmp_path, monkeypatch, table, words, looked_at
):
    asked = []

    def examined(versions, **more):
        asked.append((versions, more["support_images"]))
        return []

    (tmp_path / "upgrade-e2e.toml").write_text(f'{table}edge-image = "mine:1"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "examine", examined)
    done = CliRunner().invoke(command.doctor, words)
    assert (done.exit_code, done.output) == (0, "A real pass can start.\n")
    images = {"--agent-image": "python:3.11-slim", "--edge-image": "mine:1"}
    assert asked == [(looked_at, images)]
