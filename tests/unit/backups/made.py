"""Snapshots that look as those of etcd do, and programs that stand in for etcd's own."""

from __future__ import annotations

import hashlib
import json
import struct
import sys
from pathlib import Path

from upgrade_e2e.backups import EtcdPrograms
from upgrade_e2e.backups.file_look import _fnv1a

ROOT = Path(__file__).parents[3]
PAGE = 4096
UID = "0d7cb0a3-1b9c-4c0e-9d53-3f0f3f1c2a11"
OTHER_UID = "b3e6a7f2-94f5-4b1e-8f0c-6a4de9a01b77"
CANARIES = "/registry/configmaps/upgrade-e2e/backup-1-"


def header(pages: int, transaction: int, number: int) -> bytes:
    """A meta page, as bbolt writes it."""
    head = struct.pack("<QHHI", number, 4, 0, 0)
    fields = struct.pack("<4I5Q", 0xED0CDAED, 2, PAGE, 0, 3, 0, 2, pages, transaction)
    return (head + fields + struct.pack("<Q", _fnv1a(fields))).ljust(PAGE, b"\0")


def database(about: dict, pages: int = 6) -> bytes:
    """A database of so many pages; what the programs below read stands in the third one."""
    content = json.dumps(about).encode().ljust(PAGE, b" ")
    assert len(content) == PAGE
    body = header(pages, 8, 0) + header(pages, 7, 1) + content
    return body + bytes((pages - 3) * PAGE)


def snapshot(
    uid: str = UID, revision: int = 100, writes: range | tuple[int, ...] = (), pages: int = 6
) -> bytes:
    """A whole snapshot with the hash that etcdctl puts behind it."""
    about = {"uid": uid, "revision": revision, "writes": list(writes)}
    content = database(about, pages)
    return content + hashlib.sha256(content).digest()


def programs(folder: Path) -> EtcdPrograms:
    """Programs that do with these snapshots what etcd's do with real ones."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, code in (("etcd", ETCD), ("etcdctl", ETCDCTL), ("etcdutl", ETCDUTL)):
        file = folder / name
        file.write_text(f"#!{sys.executable}\n{COMMON}{code}")
        file.chmod(0o755)
    return EtcdPrograms.found(folder)


COMMON = f"""
import base64, json, os, pathlib, signal, socket, sys
PAGE = {PAGE}
HERE = pathlib.Path(sys.argv[0]).parent
options = dict(word.partition("=")[::2] for word in sys.argv[1:] if word.startswith("--"))
words = [word for word in sys.argv[1:] if not word.startswith("--")]
def about(file):
    return json.loads(pathlib.Path(file).read_bytes()[2 * PAGE : 3 * PAGE])
"""
ETCDUTL = """
found = about(words[2])
if found.get("refuses"):
    sys.exit("Error: " + found["refuses"])
if found.get("panics"):
    sys.exit(found["panics"])
if words[1] == "status":
    print(json.dumps({"hash": 7, "revision": found["revision"], "totalKey": 3, "totalSize": 9}))
else:
    folder = pathlib.Path(options["--data-dir"])
    folder.mkdir()
    (folder / "about").write_text(json.dumps(found))
"""
ETCD = """
folder = pathlib.Path(options["--data-dir"])
folder.mkdir(exist_ok=True)
where = options["--listen-client-urls"].rpartition(":")[2]
if os.environ.get("FAKE_TAKEN") and not pathlib.Path(os.environ["FAKE_TAKEN"]).exists():
    pathlib.Path(os.environ["FAKE_TAKEN"]).write_text("once")
    sys.exit("listen tcp: bind: address already in use")
if (folder / "about").exists() and json.loads((folder / "about").read_text()).get("dies"):
    sys.exit("panic: it is broken")
pathlib.Path(f"{HERE}/serves-{where}").write_text(str(folder))
listener = socket.create_server(("127.0.0.1", int(where)))
def leave(*_):
    os.unlink(f"{HERE}/serves-{where}")
    os._exit(0)
signal.signal(signal.SIGTERM, leave)
while True:
    peer, _ = listener.accept()
    peer.recv(4096)
    status = (folder / "health").read_text() if (folder / "health").exists() else "200 OK"
    head, _, body = status.partition("|")
    peer.sendall(f"HTTP/1.0 {head}\\r\\n\\r\\n{body}".encode())
    peer.close()
"""
ETCDCTL = f"""
where = options["--endpoints"].rpartition(":")[2]
folder = pathlib.Path(pathlib.Path(f"{{HERE}}/serves-{{where}}").read_text())
file = folder / "about"
found = json.loads(file.read_text()) if file.exists() else {{}}
b64 = lambda text: base64.b64encode(text.encode()).decode()
if words[0] == "put":
    found["uid"] = words[2]
    file.write_text(json.dumps(found))
elif words[0] == "snapshot":
    sys.path.insert(0, "{ROOT}")
    from tests.unit.backups.made import snapshot
    pathlib.Path(words[2]).write_bytes(snapshot(found["uid"], 1))
elif "--prefix" in options:
    keys = [f"{CANARIES}{{number}}" for number in found.get("writes", [])] + ["{CANARIES}odd"]
    kvs = [{{"key": b64(key)}} for key in keys if key.startswith(words[1])]
    print(json.dumps({{"kvs": kvs}}))
else:
    value = found.get("value", "k8s\\0v1 Namespace kube-system " + found.get("uid", ""))
    kvs = [{{"key": b64(words[1]), "value": b64(value)}}] if found.get("uid") else []
    head = {{"revision": found.get("serves", found.get("revision", 1))}}
    print(json.dumps({{"header": head, **({{"kvs": kvs}} if kvs else {{}})}}))
"""
