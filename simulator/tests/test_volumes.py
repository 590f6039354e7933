"""What pods find at their mount points."""

from __future__ import annotations

import base64

import pytest

from simulator.tests.controlled import in_process, pod
from upgrade_e2e_simulator.node.environment import MissingReference
from upgrade_e2e_simulator.node.volumes import NodeFolders, Volumes

ZIP = b"PK\x03\x04 not text \xff\x00"


def mounted(source):
    volumes = [{"name": "agent", **source}]
    made = pod("p1", nodeName="n1", volumes=volumes, automountServiceAccountToken=False)
    made["spec"]["containers"][0]["volumeMounts"] = [{"name": "agent", "mountPath": "/agent"}]
    return made


async def volumes_of(cluster, tmp_path, source):
    live = await cluster.create("pods", mounted(source))
    volumes = Volumes(cluster.client, live, NodeFolders(tmp_path), "127.9.32.2")
    volumes.prepare(lambda: "a token")
    behind = dict(volumes.mounts(live["spec"]["containers"][0]))
    return behind["/agent"]


@in_process
async def test_binary_data_of_a_config_map_is_mounted_byte_for_byte(cluster, tmp_path):
    await cluster.start()
    coded = {"agent.pyz": base64.b64encode(ZIP).decode()}
    body = {"metadata": {"name": "code"}, "data": {"a.txt": "text"}, "binaryData": coded}
    await cluster.create("configmaps", body)
    folder = tmp_path / await volumes_of(cluster, tmp_path, {"configMap": {"name": "code"}})
    assert (folder / "agent.pyz").read_bytes() == ZIP
    assert (folder / "a.txt").read_text() == "text"


@in_process
async def test_items_choose_files_and_name_them(cluster, tmp_path):
    await cluster.start()
    await cluster.create("configmaps", {"metadata": {"name": "code"}, "data": {"a": "1", "b": "2"}})
    items = [{"key": "b", "path": "in/other"}]
    source = {"configMap": {"name": "code", "items": items}}
    folder = tmp_path / await volumes_of(cluster, tmp_path, source)
    assert (folder / "in" / "other").read_text() == "2"
    assert not (folder / "a").exists()


@in_process
async def test_a_config_map_that_is_missing_holds_the_pod_up(cluster, tmp_path):
    await cluster.start()
    with pytest.raises(MissingReference, match='"none" not found'):
        await volumes_of(cluster, tmp_path, {"configMap": {"name": "none"}})
    optional = {"configMap": {"name": "none", "optional": True}}
    await cluster.client.delete("pods", cluster.get("pods", "p1"), grace_s=0)
    assert await volumes_of(cluster, tmp_path, optional)
