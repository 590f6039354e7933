"""A simulated cluster: everything put together and started in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import trustme

from upgrade_e2e_simulator.api.addresses import ServiceAddresses
from upgrade_e2e_simulator.api.client import Client
from upgrade_e2e_simulator.api.credentials import Tokens
from upgrade_e2e_simulator.api.gate import Gate
from upgrade_e2e_simulator.api.registry import Registry
from upgrade_e2e_simulator.api.resources import resource_named
from upgrade_e2e_simulator.api.server import ApiServer
from upgrade_e2e_simulator.certificates import client_pair, server_context
from upgrade_e2e_simulator.control_plane import (
    ApiServerComponent,
    ControllersComponent,
    EtcdComponent,
)
from upgrade_e2e_simulator.controllers.all import controllers, scheduler
from upgrade_e2e_simulator.controllers.controller import Controller
from upgrade_e2e_simulator.errors import BadInput
from upgrade_e2e_simulator.kubeconfig import write_kubeconfig
from upgrade_e2e_simulator.kubectl import kubectl_extras
from upgrade_e2e_simulator.manifests import STATIC_PODS, addons, static_pod
from upgrade_e2e_simulator.network import Claim, claim_network
from upgrade_e2e_simulator.node.images import tag_of
from upgrade_e2e_simulator.node.kubelet import Kubelet
from upgrade_e2e_simulator.node.launcher import Launcher
from upgrade_e2e_simulator.node.node import Node, PodAddresses
from upgrade_e2e_simulator.node.process import Component, Pause
from upgrade_e2e_simulator.node.service_proxy import ServiceProxy
from upgrade_e2e_simulator.node.volumes import NodeFolders
from upgrade_e2e_simulator.parameters import Parameters
from upgrade_e2e_simulator.ports import free_port, is_free
from upgrade_e2e_simulator.release import images_of
from upgrade_e2e_simulator.store import Change, Object, Store
from upgrade_e2e_simulator.topology import Role, Topology
from upgrade_e2e_simulator.version import KubeVersion

__all__ = ["Simulation"]

API_PORT = 6443
_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_ADMIN = ("kubernetes-admin", "kubeadm:cluster-admins")
_START_S = 20.0


class Simulation:
    """One cluster. `parameters` may be changed while it runs."""

    def __init__(self, topology: Topology, parameters: Parameters) -> None:
        self.topology = topology
        self.parameters = parameters
        self.gate = Gate(parameters.api)
        self.store = Store()
        self.claim: Claim = claim_network(len(topology.nodes))
        self.tokens = Tokens()
        self.registry = Registry(self.store, ServiceAddresses(self.claim.network.services))
        self.client = Client(self.registry, self.gate)
        self.launcher = Launcher(topology.folder)
        self.kubelets: dict[str, Kubelet] = {}
        self.proxies: dict[str, ServiceProxy] = {}
        self.port = topology.port or free_port()
        self._authority = trustme.CA()
        self._server = self._make_server()

    @property
    def kubeconfig(self) -> Path:
        """Where the administrator's kubeconfig is, once it has started."""
        return self.topology.folder / "kubeconfig"

    @property
    def api_addresses(self) -> Sequence[tuple[str, int]]:
        """Where the API listens: published on 127.0.0.1, and on the control plane's address."""
        return (("127.0.0.1", self.port), (self.claim.network.node(0), API_PORT))

    async def start(self) -> None:
        """Bring the cluster up. Raises BadInput when the API's port is taken."""
        self._check_port()
        await self.launcher.start()
        for name in _NAMESPACES:
            body: Object = {"metadata": {"name": name}}
            self.registry.create(resource_named("namespaces"), "", body)
        self.store.subscribe("pods", self._tell_kubelet)
        for index in range(len(self.topology.nodes)):
            self._start_node(index)
        async with asyncio.timeout(_START_S):
            await self.gate.serving.wait()
            await self.gate.storage.wait()
            await asyncio.sleep(self.parameters.api.rbac_load_s)
        for resource, obj in addons(self.claim.network, images_of(self.topology.version)):
            await self.client.create(resource, obj)
        admin = client_pair(self._authority, *_ADMIN)
        server = f"https://127.0.0.1:{self.port}"
        authority = self._authority.cert_pem.bytes()
        write_kubeconfig(self.kubeconfig, self.topology.name, server, authority, admin)

    async def stop(self) -> None:
        """End everything: sockets, pods, processes."""
        for kubelet in self.kubelets.values():
            await kubelet.vanish()
        await self._server.stop(0.0)
        await self.launcher.stop()
        self.claim.release()

    def static_pod(
        self, node: str, component: str, version: KubeVersion, back_off_s: float
    ) -> None:
        """Put a static pod's manifest onto a control plane, as kubeadm does."""
        manifest = static_pod(component, images_of(version))
        self.kubelets[node].static.put(manifest, back_off_s)

    def refresh_tables(self) -> None:
        """Make every node's table show parameters that have changed."""
        for proxy in self.proxies.values():
            proxy.refresh()

    def log_file(self, pod: Object, container: str, *, previous: bool) -> Path | None:
        """See LogFiles. All output of a container is in one file, restarts included."""
        del previous
        kubelet = self.kubelets.get(pod["spec"].get("nodeName", ""))
        return kubelet.log_file(pod, container) if kubelet else None

    def _make_server(self) -> ApiServer:
        names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost"]
        names.append("kubernetes.default.svc.cluster.local")
        names += ["127.0.0.1", self.claim.network.node(0), self.claim.network.api_address]
        tls = server_context(self._authority, names, self.topology.folder)
        extras = kubectl_extras(self.registry, self)
        return ApiServer(self.registry, self.gate, self.tokens, tls, extras)

    def _start_node(self, index: int) -> None:
        spec = self.topology.nodes[index]
        folders = NodeFolders(self.topology.folder / "nodes" / spec.name)
        folders.root.mkdir(parents=True, exist_ok=True)
        node = Node(
            name=spec.name,
            ip=self.claim.network.node(index),
            addresses=PodAddresses(self.claim.network.pods(index)),
            folders=folders,
            client=self.client,
            launcher=self.launcher,
            tokens=self.tokens,
            parameters=self.parameters,
            component_for=partial(self._component, spec.name, folders),
            control_plane=spec.role is Role.CONTROL_PLANE,
        )
        kubelet = self.kubelets[spec.name] = Kubelet(node)
        kubelet.start(self.topology.version)
        if node.control_plane:
            for component in STATIC_PODS:
                self.static_pod(spec.name, component, self.topology.version, 0.0)

    def _component(self, node: str, folders: NodeFolders, name: str, pod: Object) -> Component:
        tag = tag_of(pod["spec"]["containers"][0]["image"])
        lead = partial(ControllersComponent, parameters=self.parameters.controllers)
        makers: dict[str, Callable[[], Component]] = {
            "etcd": lambda: EtcdComponent(self.gate),
            "kube-apiserver": lambda: ApiServerComponent(
                self._server, self.api_addresses, KubeVersion.parse(tag)
            ),
            "kube-controller-manager": lambda: lead(self._controllers),
            "kube-scheduler": lambda: lead(lambda: scheduler(self.client, self.parameters)),
            "kube-proxy": lambda: self._proxy(node, folders),
        }
        return makers.get(name, Pause)()

    def _controllers(self) -> Sequence[Controller]:
        authority = self._authority.cert_pem.bytes().decode()
        return controllers(self.client, self.parameters, authority)

    def _proxy(self, node: str, folders: NodeFolders) -> ServiceProxy:
        proxy = ServiceProxy(node, self.client, self.parameters, folders.table)
        self.proxies[node] = proxy
        return proxy

    def _tell_kubelet(self, change: Change) -> None:
        kubelet = self.kubelets.get(change.new["spec"].get("nodeName", ""))
        if kubelet is not None:
            kubelet.notice(change)

    def _check_port(self) -> None:
        if self.topology.port and not is_free(self.topology.port):
            raise BadInput(
                f"port {self.topology.port} of 127.0.0.1 is already in use; choose another one "
                "with --port, or leave it out for any free port."
            )
