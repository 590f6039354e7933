"""The simulated API with many nodes and pods: creates and watch events a second, memory.

    python benchmarks/sim_api_scale.py [--nodes 500] [--pods 5000] [--watchers 4]

One simulator with its controllers; the nodes are objects without a kubelet, so that no agent is
started. Writers and watchers are this process, over TLS on loopback.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import ssl
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from upgrade_e2e.providers.sim import SimSettings
from upgrade_e2e.providers.sim.starting import Running, start_simulator
from upgrade_e2e.version import KubeVersion

READY = {"type": "Ready", "status": "True", "reason": "Benchmark"}
WRITERS = 16
MIB = 2**20


def tls_of(running: Running) -> tuple[str, ssl.SSLContext]:
    """The server's address and a context with the administrator's certificate."""
    config = json.loads((running.folder / "kubeconfig").read_text(encoding="utf-8"))
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    pair = running.folder / "benchmark.pem"
    parts = ("client-certificate-data", "client-key-data")
    pair.touch(mode=0o600)
    pair.write_bytes(b"".join(base64.b64decode(user[part]) for part in parts))
    context.load_cert_chain(pair)
    return cluster["server"], context


def node(index: int) -> dict[str, Any]:
    return {"metadata": {"name": f"bench-{index}"}, "spec": {"unschedulable": True}}


def pod(index: int, nodes: int) -> dict[str, Any]:
    container = {"name": "pause", "image": "registry.k8s.io/pause:3.10"}
    spec = {
        "nodeName": f"bench-{index % nodes}",
        "containers": [container],
        "automountServiceAccountToken": False,
    }
    return {"metadata": {"name": f"pod-{index}", "labels": {"app": "bench"}}, "spec": spec}


async def write_all(
    items: Iterable[Any], write: Callable[[Any], Awaitable[None]], writers: int = WRITERS
) -> float:
    """Write all items with so many writers at a time; the seconds it took."""
    waiting = iter(list(items))

    async def work() -> None:
        for item in waiting:
            await write(item)

    began = time.monotonic()
    await asyncio.gather(*(work() for _ in range(writers)))
    return time.monotonic() - began


async def watch(session: aiohttp.ClientSession, url: str, wanted: int) -> tuple[int, float]:
    """Read events until `wanted` came; how many, and when the last one did."""
    seen = 0
    timeout = aiohttp.ClientTimeout(total=None)
    async with session.get(url, timeout=timeout) as answer:
        async for _ in answer.content:
            seen += 1
            if seen >= wanted:
                break
    return seen, time.monotonic()


async def measure(running: Running, args: argparse.Namespace) -> None:
    server, context = tls_of(running)
    process = psutil.Process(running.process.pid)
    connector = aiohttp.TCPConnector(ssl=context, limit=0)
    async with aiohttp.ClientSession(server, connector=connector) as session:

        async def post(path: str, body: dict[str, Any]) -> None:
            async with session.post(path, json=body) as answer:
                answer.raise_for_status()

        async def add_node(index: int) -> None:
            await post("/api/v1/nodes", node(index))
            kind = {"Content-Type": "application/merge-patch+json"}
            body = json.dumps({"status": {"conditions": [READY]}})
            path = f"/api/v1/nodes/bench-{index}/status"
            async with session.patch(path, data=body, headers=kind) as answer:
                answer.raise_for_status()

        before = process.memory_info().rss
        took_s = await write_all(range(args.nodes), add_node)
        print(f"{args.nodes} nodes, created and marked Ready: {args.nodes / took_s:.0f}/s")

        pods = "/api/v1/namespaces/default/pods"
        watched = f"{pods}?watch=1&labelSelector=app%3Dbench&timeoutSeconds=600"
        watchers = [
            asyncio.create_task(watch(session, watched, args.pods)) for _ in range(args.watchers)
        ]
        await asyncio.sleep(0.5)
        began = time.monotonic()
        took_s = await write_all(range(args.pods), lambda index: post(pods, pod(index, args.nodes)))
        print(f"{args.pods} pods: {args.pods / took_s:.0f} creates/s, {WRITERS} writers")
        ends = await asyncio.gather(*watchers)
        events, last = sum(seen for seen, _ in ends), max(end for _, end in ends)
        print(f"{args.watchers} watchers: {events / (last - began):.0f} events/s in all")

        began = time.monotonic()
        async with session.get(pods) as answer:
            size = len(await answer.read())
        print(f"list of all pods: {time.monotonic() - began:.2f} s, {size / MIB:.1f} MiB")
    after = process.memory_info().rss
    print(f"memory of the simulator: {before / MIB:.0f} MiB before, {after / MIB:.0f} MiB after")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=500)
    parser.add_argument("--pods", type=int, default=5000)
    parser.add_argument("--watchers", type=int, default=4)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = SimSettings(workdir=Path(folder), workers=1)
        running = start_simulator(settings, KubeVersion.parse("v1.33.13"))
        try:
            asyncio.run(measure(running, args))
        finally:
            running.end()


if __name__ == "__main__":
    main()
