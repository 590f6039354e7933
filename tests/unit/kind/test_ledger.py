"""The ledger: claims, owners, sweeping, several processes, kill -9."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from upgrade_e2e.errors import BadInput, DamagedRecord, E2eError
from upgrade_e2e.providers.kind.ledger import Ledger, state_folder
from upgrade_e2e.providers.kind.owner import Owner

CHILD_S = 30


def child(ledger: Ledger, code: str) -> subprocess.Popen[str]:
    """A Python process that has `ledger`, and reports when it has run `code`."""
    text = f"""
        import sys, time
        from pathlib import Path
        from upgrade_e2e.providers.kind.ledger import Ledger
        ledger = Ledger(Path({str(ledger.folder)!r}))
        {code}
    """
    argv = [sys.executable, "-c", textwrap.dedent(text)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def dead_entry(ledger):
    """An entry whose owner was killed in the middle of its work."""
    code = "ledger.claim('kind-cluster', 'left'); print('made', flush=True); time.sleep(60)"
    with child(ledger, code) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "made\n"
        process.send_signal(signal.SIGKILL)
        process.wait(CHILD_S)
    return ledger.entries()[0]


def test_a_claim_is_there_until_it_is_released(ledger):
    entry = ledger.claim("kind-cluster", "dev")
    assert ledger.entries() == (entry,)
    assert entry.owner == Owner.this_process()
    ledger.release(entry)
    assert ledger.entries() == ()
    ledger.release(entry)


def test_a_name_is_claimed_once(ledger):
    ledger.claim("kind-cluster", "dev")
    with pytest.raises(BadInput, match=f"in use by process {os.getpid()}"):
        ledger.claim("kind-cluster", "dev")
    ledger.claim("folder", "dev")


def test_a_living_owner_is_never_swept(ledger):
    entry = ledger.claim("kind-cluster", "dev")
    swept = ledger.sweep({"kind-cluster": lambda name: pytest.fail(f"deleted {name}")})
    assert (swept.deleted, swept.failed, swept.elsewhere) == ((), (), ())
    assert ledger.entries() == (entry,)


def test_what_a_killed_process_left_is_swept(ledger, dead_entry):
    deleted = []
    swept = ledger.sweep({"kind-cluster": deleted.append})
    assert deleted == ["left"]
    assert swept.deleted == (dead_entry,)
    assert ledger.entries() == ()


def test_the_name_of_a_dead_owner_tells_to_sweep(ledger, dead_entry):
    with pytest.raises(BadInput, match="run `upgrade-e2e sweep` first"):
        ledger.claim(dead_entry.kind, dead_entry.name)


def test_what_cannot_be_deleted_stays_with_its_dead_owner(ledger, dead_entry):
    def fail(_: str) -> None:
        raise E2eError("docker is away")

    swept = ledger.sweep({"kind-cluster": fail})
    assert swept.failed == ((dead_entry, "docker is away"),)
    assert ledger.abandoned() == (dead_entry,)


def test_an_unknown_kind_is_reported_and_kept(ledger, dead_entry):
    swept = ledger.sweep({})
    assert swept.deleted == ()
    assert "does not know how to delete" in swept.failed[0][1]
    assert ledger.abandoned() == (dead_entry,)


def test_another_process_id_of_later_birth_is_not_the_owner():
    mine = Owner.this_process()
    assert not mine.is_dead
    assert dataclasses.replace(mine, started_ticks=mine.started_ticks - 1).is_dead
    assert dataclasses.replace(mine, boot_id="an earlier boot").is_dead


def test_owners_of_other_hosts_are_left_alone(ledger, dead_entry):
    file = next(ledger.folder.glob("*.json"))
    data = json.loads(file.read_text())
    data["owner"]["host"] = "another-host"
    file.write_text(json.dumps(data))
    swept = ledger.sweep({"kind-cluster": lambda _: pytest.fail("deleted")})
    assert [entry.owner.host for entry in swept.elsewhere] == ["another-host"]


def test_a_zombie_is_dead():
    with subprocess.Popen(["true"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        owner = dataclasses.replace(Owner.this_process(), pid=process.pid, started_ticks=1)
        assert owner.is_dead


def test_many_processes_claim_one_name_and_one_gets_it(ledger):
    code = """
        from upgrade_e2e.errors import BadInput
        won = 0
        for number in range(20):
            try:
                ledger.claim('kind-cluster', f'name-{number}')
                won += 1
            except BadInput:
                pass
        print(won)
        sys.stdout.flush()
        time.sleep(0.3)
    """
    code = textwrap.dedent(code).replace("\n", "\n        ")
    children = [child(ledger, code) for _ in range(3)]
    won = [int(process.communicate(timeout=CHILD_S)[0]) for process in children]
    assert sum(won) == 20
    assert len(ledger.entries()) == 20


def test_two_sweepers_delete_each_thing_once(ledger):
    with child(ledger, "[ledger.claim('x', str(n)) for n in range(30)]") as process:
        process.wait(CHILD_S)
    code = "print(*[e.name for e in ledger.sweep({'x': lambda n: time.sleep(0.01)}).deleted])"
    children = [child(ledger, code) for _ in range(2)]
    names = [n for p in children for n in p.communicate(timeout=CHILD_S)[0].split()]
    assert sorted(names, key=int) == [str(number) for number in range(30)]
    assert ledger.entries() == ()


def test_a_process_killed_at_any_moment_leaves_a_readable_ledger(ledger):
    code = """
        print('go', flush=True)
        while True:
            ledger.release(ledger.claim('x', 'y'))
    """
    code = textwrap.dedent(code).replace("\n", "\n        ")
    for delay_s in (0.0, 0.005, 0.013, 0.029):
        with child(ledger, code) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(delay_s)
            process.kill()
            process.wait(CHILD_S)
        ledger.sweep({"x": lambda _: None})
        assert ledger.entries() == ()


def test_a_damaged_entry_is_named(ledger):
    entry = ledger.claim("kind-cluster", "dev")
    file = next(ledger.folder.glob("*.json"))
    file.write_text("{")
    with pytest.raises(DamagedRecord, match=file.name):
        ledger.entries()
    with pytest.raises(DamagedRecord, match="not a ledger entry"):
        ledger.release(entry)


def test_old_half_written_files_are_removed(ledger):
    ledger.claim("x", "y")
    old, new = ledger.folder / "1.2.3.part", ledger.folder / "4.5.6.part"
    old.touch()
    new.touch()
    os.utime(old, (0, 0))
    ledger.sweep({})
    assert not old.exists()
    assert new.exists()


def test_the_state_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("UPGRADE_E2E_STATE", str(tmp_path))
    assert state_folder() == tmp_path
    assert Ledger().folder == tmp_path / "ledger"
    monkeypatch.delenv("UPGRADE_E2E_STATE")
    assert state_folder().name == "upgrade-e2e"
