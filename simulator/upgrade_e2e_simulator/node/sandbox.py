"""A pod's sandbox on its node: address, files, and the starting of processes in it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from upgrade_e2e_simulator.node.environment import command_line, environment
from upgrade_e2e_simulator.node.images import program_of, short_name
from upgrade_e2e_simulator.node.node import Node
from upgrade_e2e_simulator.node.process import InProcess, Process
from upgrade_e2e_simulator.node.volumes import Volumes
from upgrade_e2e_simulator.pod.pace import PACE, TABLE
from upgrade_e2e_simulator.store import Object, namespace_of

__all__ = ["Sandbox"]

_NDOTS = 5
_EXEC_FAILED = 127


class Sandbox:
    """Everything of one pod on its node but its life cycle."""

    def __init__(self, node: Node, pod: Object) -> None:
        self.node = node
        self.pod = pod
        self.address = ""
        self.folder = node.folders.pod(pod["metadata"]["uid"])
        self._host_network = bool(pod["spec"].get("hostNetwork"))
        self._network_at_s = 0.0
        self._volumes = Volumes(node.client, pod, node.folders, "")

    async def create(self) -> None:
        """Get an address and make the pod's own files."""
        await asyncio.sleep(self.node.parameters.kubelet.sandbox_s)
        self.address = self.node.ip if self._host_network else self.node.addresses.take()
        self._network_at_s = time.monotonic() + self.node.parameters.network.setup_delay_s
        self._volumes = Volumes(self.node.client, self.pod, self.node.folders, self.address)
        (self.folder / "etc").mkdir(parents=True, exist_ok=True)
        (self.folder / "logs").mkdir(exist_ok=True)
        self._write_etc()

    def prepare_volumes(self) -> None:
        """Make the volumes. Raises MissingReference while something that they need is not there."""
        self._volumes.prepare(self._token)

    def remove(self) -> None:
        """Give the address back. Files stay for the logs until the simulator ends."""
        if self.address and not self._host_network:
            self.node.addresses.give_back(self.address)
        self.address = ""

    async def start(self, container: Object) -> Process:
        """Start a container's process. Raises Unknown and MissingReference."""
        parameters = self.node.parameters.kubelet
        image = str(container["image"])
        variables = environment(self.node.client, self.pod, container, self.address)
        argv = command_line(container, variables)
        program = program_of(container, argv)
        if image not in self.node.images:
            await asyncio.sleep(parameters.pull_s)
            self.node.images.add(image)
        await asyncio.sleep(parameters.start_s)
        if program is None:
            return InProcess(self.node.component_for(short_name(image), self.pod))
        variables[PACE] = str(parameters.pace)
        variables[TABLE] = str(self.node.folders.table)
        log = self.log_file(str(container["name"]))
        return self.node.launcher.launch(
            program, variables, str(self.folder), log, self._facts(container)
        )

    async def execute(self, container: Object, argv: list[str]) -> int:
        """Run a command in the container, as a probe or hook does; its exit code."""
        if argv and argv[0] in {"true", "/bin/true"}:
            return 0
        try:
            process = await self.start({**container, "command": argv, "args": []})
        except (LookupError, OSError, ValueError):
            return _EXEC_FAILED
        return await process.wait()

    def log_file(self, container: str) -> Any:
        """Where the container's output goes."""
        return self.folder / "logs" / f"{container}.log"

    def _facts(self, container: Object) -> dict[str, Any]:
        etc = [
            (f"/etc/{name}", str(self.folder / "etc" / name)) for name in ("resolv.conf", "hosts")
        ]
        return {
            "ip": self.address,
            "hostname": self.pod["metadata"]["name"],
            "table": str(self.node.folders.table),
            "network_at_s": self._network_at_s,
            "mounts": [*self._volumes.mounts(container), *etc],
        }

    def _write_etc(self) -> None:
        namespace = namespace_of(self.pod)
        dns = self.node.client.cached("services", "kube-system", "kube-dns")
        lines = [f"search {namespace}.svc.cluster.local svc.cluster.local cluster.local"]
        lines += [f"nameserver {dns['spec']['clusterIP']}"] if dns else []
        config = self.pod["spec"].get("dnsConfig") or {}
        options = {item["name"]: item.get("value", "") for item in config.get("options") or ()}
        options.setdefault("ndots", str(_NDOTS))
        words = [f"{name}:{value}" if value else name for name, value in options.items()]
        lines.append(f"options {' '.join(words)}")
        (self.folder / "etc" / "resolv.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
        hosts = f"127.0.0.1 localhost\n{self.address} {self.pod['metadata']['name']}\n"
        (self.folder / "etc" / "hosts").write_text(hosts, encoding="utf-8")

    def _token(self) -> str:
        account = str(self.pod["spec"].get("serviceAccountName") or "default")
        return self.node.tokens.issue(namespace_of(self.pod), account)
