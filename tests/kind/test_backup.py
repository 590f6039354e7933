"""Backups of a real etcd: planted faults are found, a real S3 server keeps them, a pass holds."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scenarios import test_backup_is_restorable as scenario
from tests.claims import SKIPS, Scenario, claims_of
from tests.kind.conftest import LIMITS, MINUTES, NEW, OLD, REPOSITORY, TOOL, Ran, Tool
from upgrade_e2e import EtcdBackup
from upgrade_e2e.backups import EtcdPrograms
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.etcd_access import (
    clean_node,
    fetch_snapshot,
    prepare_node,
    save_snapshot,
    take_programs,
)
from upgrade_e2e.errors import BadInput
from upgrade_e2e.judge import Limits, Verdict
from upgrade_e2e.observers import BackupPlace
from upgrade_e2e.observers.backup_faults import another_cluster
from upgrade_e2e.providers.kind.delivery import runner_of
from upgrade_e2e.report import RunRecord
from upgrade_e2e.run import ConsoleProgress, JudgedPass, PassSettings, run_pass
from upgrade_e2e.run.providers import make_provider
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Fault, Marks, resolve, with_faults

pytestmark = pytest.mark.thorough(part="backup")

RESTORABLE = scenario.test_every_snapshot_can_be_restored
RECENT = scenario.test_there_is_always_a_recent_snapshot
FEW = {"instrument": {"min_samples": 20}}
ENV = {name: value for name, value in os.environ.items() if "AWS" not in name}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    """A cluster of the old version with one worker, deleted afterwards."""
    settings = PassSettings(control_planes=1, workers=1)
    provider = make_provider(settings, tmp_path_factory.mktemp("backup") / "work")
    plan = provider.plan(resolve([OLD, NEW], []))
    marks = Marks(Origin())
    prepare = tuple(step for step in plan.prepare if step.kind == "create")
    with contextlib.ExitStack() as undo:
        undo.callback(provider.close)
        yield provider.create(dataclasses.replace(plan, prepare=prepare), marks)


def judged(
    cluster: Cluster, folder: Path, fault: str, *claims: Scenario, place: BackupPlace | None = None
) -> RunRecord:
    """A pass on that cluster in which nothing but the fault happens."""
    faults = (Fault.parse(fault),) if fault else ()
    settings = PassSettings(
        reuse_cluster=cluster.name,
        workers=len(cluster.workers),
        faults=faults,
        backup_place=place or BackupPlace(),
        watch_before_s=5.0,
        watch_after_s=5.0,
    )
    provider = make_provider(settings, folder / "work")
    plan = with_faults(provider.plan(resolve([OLD, NEW], [])), faults)
    plan = dataclasses.replace(
        plan,
        prepare=tuple(step for step in plan.prepare if step.kind == "create"),
        upgrade=tuple(step for step in plan.upgrade if step.kind == "plant"),
        verify=(),
    )
    limits = Limits.load(LIMITS).override(FEW, "tests/kind/test_backup.py")
    origin = Origin()
    progress = ConsoleProgress(sys.stderr, origin, f"{fault or 'no fault'}: ")
    with contextlib.closing(progress):
        run = JudgedPass(plan, settings, limits, folder, provider)
        return run_pass(run, claims_of(claims), progress, origin, SKIPS)


@pytest.mark.parametrize("word", ["truncated", "flipped", "stale", "foreign"])
def test_a_planted_fault_turns_the_claim_and_names_step_and_node(cluster, tmp_path, word):
    record = judged(cluster, tmp_path, f"backup-{word}", RESTORABLE)
    (result,) = record.scenarios
    assert result.verdict is Verdict.FAIL, (result, record.reason)
    (bad,) = [row for row in record.backups if row.verdict != "whole"]
    assert bad.verdict == word
    assert f"{bad.name}, from {cluster.control_planes[0].name}" in result.explanation
    assert f"plant backup-{word}, is {word}" in result.explanation


def test_without_a_fault_every_snapshot_holds(cluster, tmp_path):
    record = judged(cluster, tmp_path, "", RESTORABLE, RECENT)
    assert {one.verdict for one in record.scenarios} == {Verdict.PASS}, record.scenarios
    assert len(record.backups) >= 2
    assert all(row.restore_s is not None for row in record.backups)


def test_nothing_of_it_stays_on_the_node(cluster):
    runner = runner_of(cluster.control_planes[0])
    left = runner.run("ls", "/var/lib", timeout_s=30).stdout
    assert "upgrade-e2e" not in left
    assert "upgrade-e2e-etcd" not in runner.run("cat", "/proc/mounts", timeout_s=30).stdout


@dataclass(frozen=True)
class Taken:
    """Two snapshots of the cluster, and the programs that restore them."""

    folder: Path
    programs: Path
    uid: str


@pytest.fixture(scope="module")
def snapshots(cluster: Cluster, tmp_path_factory) -> Taken:
    """Real snapshots, a moment apart."""
    folder, programs = (tmp_path_factory.mktemp(name) for name in ("snapshots", "programs"))
    node = cluster.control_planes[0]
    take_programs(node, ("etcd", "etcdctl", "etcdutl"), programs)
    prepare_node(node)
    try:
        for name in ("a.db", "b.db"):
            save_snapshot(node, 30.0)
            fetch_snapshot(node, folder / name)
            cluster.api.core.create_namespaced_config_map(
                "default", {"metadata": {"generateName": "between-"}}
            )
    finally:
        clean_node(node)
    uid = cluster.api.get_json("/api/v1/namespaces/kube-system")["metadata"]["uid"]
    return Taken(folder, programs, uid)


def check(
    snapshots: Taken, place: str, *words: str, tool: str | Path = TOOL, **env: str
) -> tuple[int, dict]:
    """What the command finds in a place."""
    argv = [tool, "backup", "check", place, "--etcd-programs", snapshots.programs, "--json", *words]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, timeout=120, env={**ENV, **env}
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else {"error": done.stderr}


def test_the_command_restores_real_snapshots(cluster, snapshots):
    asked = ("--kubeconfig", str(cluster.kubeconfig))
    code, found = check(snapshots, str(snapshots.folder), *asked)
    assert code == 0, found
    newer, older = found["snapshots"]
    assert newer["revision"] > older["revision"]
    assert newer["cluster"] == snapshots.uid
    assert newer["own_hash"] is True
    assert newer["keys"] > 100


def test_the_command_tells_damage_apart(snapshots, tmp_path):
    content = (snapshots.folder / "b.db").read_bytes()
    flipped = bytearray(content)
    flipped[len(flipped) // 2] ^= 0xFF
    programs = EtcdPrograms.found(snapshots.programs)
    foreign = another_cluster(programs, tmp_path).read_bytes()
    for word, changed in (
        ("truncated", content[: len(content) * 6 // 10]),
        ("flipped", bytes(flipped)),
        ("stale", (snapshots.folder / "a.db").read_bytes()),
        ("foreign", foreign),
    ):
        place = tmp_path / f"place-of-{word}"
        place.mkdir()
        (place / "a.db").write_bytes((snapshots.folder / "a.db").read_bytes())
        (place / "b.db").write_bytes(changed)
        code, found = check(snapshots, str(place), "--size-factor", "1000")
        assert code == 1, found
        assert [row["verdict"] for row in found["snapshots"]] == [word, "whole"], found


@pytest.fixture(scope="module")
def with_s3(tmp_path_factory) -> Path:
    """The programs of an environment that has the extra; boto3 is not among what tests need."""
    folder = tmp_path_factory.mktemp("with-s3")
    venv.create(folder, with_pip=True)
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-compile")
    subprocess.run([*pip, f"{REPOSITORY}[s3]"], check=True, timeout=600)
    return folder / "bin"


STORE = """
import sys
from pathlib import Path
from upgrade_e2e.backups import open_location
place = open_location("s3://backups/prod", sys.argv[1])
for file in sorted(Path(sys.argv[2]).iterdir()):
    place.store(file, file.name)
place.fetch("b.db", Path(sys.argv[3]))
try:
    place.fetch("none.db", Path(sys.argv[3] + "-none"))
except FileNotFoundError:
    print("none is not there")
"""


@dataclass(frozen=True)
class Server:
    """A real S3 server with the bucket `backups`: its address, its keys, and where objects lie."""

    endpoint: str
    keys: dict[str, str]
    bucket: Path


@pytest.fixture(scope="module")
def s3(tmp_path_factory) -> Iterator[Server]:
    """Started for these tests, ended after them."""
    program, folder = REPOSITORY / "ci" / "s3", tmp_path_factory.mktemp("s3")
    subprocess.run([program, "program"], check=True, timeout=900)
    started = subprocess.run(
        [program, "start", folder], check=True, capture_output=True, text=True, timeout=60
    )
    try:
        bucket = folder / "buckets" / "backups"
        bucket.mkdir()
        keys = {
            "AWS_ACCESS_KEY_ID": (folder / "access").read_text(),
            "AWS_SECRET_ACCESS_KEY": (folder / "secret").read_text(),
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        yield Server(started.stdout.strip(), keys, bucket)
    finally:
        subprocess.run([program, "stop", folder], check=True, timeout=60)


def test_a_real_s3_server_keeps_snapshots(snapshots, with_s3, s3, tmp_path):
    back = tmp_path / "back.db"
    asked = ("s3://backups/prod", "--s3-endpoint", s3.endpoint, "--cluster", snapshots.uid)
    tool = with_s3 / "upgrade-e2e"
    argv = [with_s3 / "python", "-c", STORE, s3.endpoint, snapshots.folder, back]
    said = subprocess.run(
        argv, check=True, capture_output=True, text=True, timeout=120, env={**ENV, **s3.keys}
    )
    assert said.stdout == "none is not there\n"
    assert back.read_bytes() == (snapshots.folder / "b.db").read_bytes()
    code, found = check(snapshots, *asked, tool=tool, **s3.keys)
    assert code == 0, found
    assert {row["name"] for row in found["snapshots"]} == {"a.db", "b.db"}
    none = ("s3://none/x", "--s3-endpoint", s3.endpoint)
    assert check(snapshots, *none, tool=tool, **s3.keys)[0] == 2
    wrong = {**s3.keys, "AWS_SECRET_ACCESS_KEY": "wrong"}
    code, said = check(snapshots, *asked, tool=tool, **wrong)
    assert code == 2
    assert "AWS_SECRET_ACCESS_KEY" in said["error"]
    assert s3.keys["AWS_SECRET_ACCESS_KEY"] not in said["error"]
    code, said = check(snapshots, *asked, tool=tool, AWS_EC2_METADATA_DISABLED="true")
    assert code == 2
    assert "Unable to locate credentials" in said["error"]


def test_a_pass_keeps_its_snapshots_in_s3(cluster, with_s3, s3, tmp_path, monkeypatch):
    """The snapshots of the pass itself go into the bucket, come back from there, and stay."""
    (packages,) = with_s3.parent.glob("lib/python*/site-packages")
    monkeypatch.setattr(sys, "path", [*sys.path, str(packages)])
    for name, value in s3.keys.items():
        monkeypatch.setenv(name, value)
    observer = EtcdBackup(every_s=10, into="s3://backups/pass", s3_endpoint=s3.endpoint)

    @pytest.mark.observes(observer)
    def test_snapshots_come_back(upgraded):
        """Each snapshot comes back from the bucket."""
        kept = upgraded.backups(observer)
        assert not kept.damaged, kept.explain()

    record = judged(cluster, tmp_path, "backup-flipped", test_snapshots_come_back)
    (result,) = record.scenarios
    assert result.verdict is Verdict.FAIL, (result, record.reason)
    assert {row.verdict for row in record.backups} == {"flipped", "whole"}
    stored = {file.name for file in (s3.bucket / "pass").iterdir()}
    assert stored == {row.name for row in record.backups}
    written = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert not any(s3.keys["AWS_SECRET_ACCESS_KEY"].encode() in content for content in written)


def test_the_scenario_keeps_its_snapshots_where_the_options_say(
    cluster, with_s3, s3, tmp_path, monkeypatch
):
    (packages,) = with_s3.parent.glob("lib/python*/site-packages")
    monkeypatch.setattr(sys, "path", [*sys.path, str(packages)])
    for name, value in s3.keys.items():
        monkeypatch.setenv(name, value)
    none = BackupPlace("s3://none/x", s3.endpoint)
    with pytest.raises(BadInput, match="s3://none/x/ cannot be used"):
        judged(cluster, tmp_path / "none", "", RESTORABLE, place=none)
    place = BackupPlace("s3://backups/option", s3.endpoint)
    record = judged(cluster, tmp_path / "pass", "", RESTORABLE, place=place)
    (result,) = record.scenarios
    assert result.verdict is Verdict.PASS, (result, record.reason)
    stored = {file.name for file in (s3.bucket / "option").iterdir()}
    assert stored == {row.name for row in record.backups}


def test_a_whole_upgrade_keeps_its_backups(tool: Tool):
    """Etcd is replaced meanwhile: the programs that restore are those of the new one."""
    ran: Ran = tool.run(
        "run", "--provider", "kind", "--from", OLD, "--to", NEW, "--workers", "1",
        "--fast-control-plane", "--scenario", "backup_is_restorable", "--limits", str(LIMITS),
        within_s=20 * MINUTES,
    )  # fmt: skip
    assert ran.code == 0, ran.output + ran.summary()
    rows = ran.record()["backups"]
    assert len(rows) >= 5
    assert {row["verdict"] for row in rows} <= {"whole", "failed"}
    assert "Snapshots of etcd, restored" in ran.summary()
