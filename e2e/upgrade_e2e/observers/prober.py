"""The probers: a DaemonSet of agents, and one agent next to the framework."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from upgrade_e2e.agent.pack import ARCHIVE, pack
from upgrade_e2e.command import spawn
from upgrade_e2e.observers.base import DeployContext, Probe
from upgrade_e2e.observers.link import LocalLink, PodLink
from upgrade_e2e.observers.objects import (
    AGENT_COMMAND,
    agent_mount,
    agent_volume,
    config_map,
    field_env,
    labels,
    settled_nodes,
)
from upgrade_e2e.wait import Deadline, wait_for

__all__ = [
    "PROBER",
    "LocalProber",
    "apply_probers",
    "daemon_set",
    "find_probers",
    "prober_spec",
]

PROBER = "prober"
_PORT = 9464
_SPEC_CONFIG = "prober-spec"
_END_S = 10.0


def prober_spec(run: str, token: str, probes: Mapping[str, Sequence[Probe]]) -> dict[str, Any]:
    """The agent's spec for the probes of each observer; only who has `token` may stop it."""
    streams = [probe.spec(observer) for observer, all_of in probes.items() for probe in all_of]
    return {"run": run, "token": token, "streams": streams}


def apply_probers(context: DeployContext, spec: dict[str, Any]) -> None:
    """Apply one DaemonSet of probers for all observers.

    The token in `spec` keeps pods of the cluster from stopping the probers, since every pod can
    reach their port. A ConfigMap is enough for that, a Secret would protect nothing more: the
    namespace is ours, and reading its objects needs rights in the API with which one could read
    its Secrets or delete the probers as well.
    """
    context.apply(config_map(context, _SPEC_CONFIG, {"spec.json": json.dumps(spec, indent=1)}))
    context.apply(daemon_set(context, spec["run"]))


def daemon_set(context: DeployContext, run: str) -> dict[str, Any]:
    """The DaemonSet: on every node but those that join later, its samples on the node's own disk.

    It is never evicted: pods of a DaemonSet are not touched by a drain. There is no liveness probe,
    because a prober sees nothing while it restarts.
    """
    pod = {
        "priorityClassName": "system-node-critical",
        "terminationGracePeriodSeconds": 3,
        "tolerations": [{"operator": "Exists"}],
        "affinity": settled_nodes(),
        "containers": [_container(context)],
        "volumes": [
            agent_volume(),
            {"name": "spec", "configMap": {"name": _SPEC_CONFIG}},
            {
                "name": "spool",
                "hostPath": {
                    "path": f"/var/lib/upgrade-e2e/{context.namespace}",
                    "type": "DirectoryOrCreate",
                },
            },
        ],
    }
    meta = {"labels": labels(PROBER), "annotations": {"upgrade-e2e/run": run}}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": PROBER, "namespace": context.namespace, "labels": labels(PROBER)},
        "spec": {
            "selector": {"matchLabels": labels(PROBER)},
            "template": {"metadata": meta, "spec": pod},
        },
    }


def _container(context: DeployContext) -> dict[str, Any]:
    return {
        "name": PROBER,
        "image": context.images.agent,
        "imagePullPolicy": "IfNotPresent",
        "command": [
            *AGENT_COMMAND,
            "probe",
            "--spec=/spec/spec.json",
            "--spool=/spool",
            f"--listen=[$(POD_IP)]:{_PORT}",
        ],
        "env": [field_env("POD_IP", "status.podIP")],
        "ports": [{"name": "admin", "containerPort": _PORT}],
        "resources": {"requests": {"cpu": "200m", "memory": "48Mi"}},
        "securityContext": {"runAsUser": 0, "capabilities": {"add": ["SYS_NICE"]}},
        "volumeMounts": [
            agent_mount(),
            {"name": "spec", "mountPath": "/spec", "readOnly": True},
            {"name": "spool", "mountPath": "/spool"},
        ],
    }


def find_probers(
    context: DeployContext, token: str, app: str = PROBER, port: int = _PORT
) -> tuple[PodLink, ...]:
    """Links to the probers of `app` that run now, by node name. Raises what the API client raises.

    `token` is that of the spec with which they were deployed.
    """
    selector = ",".join(f"{name}={value}" for name, value in labels(app).items())
    api = context.cluster.api
    pods = api.core.list_namespaced_pod(
        context.namespace, label_selector=selector, _request_timeout=api.timeout
    ).items
    running = [
        pod
        for pod in pods
        if pod.status.phase == "Running" and pod.metadata.deletion_timestamp is None
    ]
    links = [
        PodLink(pod.spec.node_name, api, context.namespace, pod.metadata.name, port, token, app)
        for pod in running
    ]
    return tuple(sorted(links, key=lambda link: link.node))


class LocalProber:
    """One agent as a child process of the framework, for what is watched from outside."""

    def __init__(self, context: DeployContext, spec: dict[str, Any]) -> None:
        self._folder = context.workdir / "host-prober"
        self._archive = self._folder / ARCHIVE
        self._spec = spec
        self._process: subprocess.Popen[bytes] | None = None
        self.link: LocalLink | None = None

    def start(self, within_s: float = 20.0) -> None:
        """Start the process and wait until it listens; raises E2eError when it does not."""
        self._folder.mkdir(parents=True, exist_ok=True)
        spec_file, ready_file = self._folder / "spec.json", self._folder / "ready.json"
        spec_file.touch(mode=0o600)
        spec_file.write_text(json.dumps(self._spec))
        ready_file.unlink(missing_ok=True)
        self._archive.write_bytes(pack())
        log_file = self._folder / "agent.log"
        self._process = spawn(self._argv(spec_file, ready_file), log_file=log_file)
        wait_for(
            "the start of the prober on this machine",
            ready_file.exists,
            bool,
            Deadline(within_s, every_s=0.1),
            hopeless=lambda _: self._ended(log_file),
        )
        self.link = LocalLink(json.loads(ready_file.read_text())["port"], self._spec["token"])

    def stop(self) -> None:
        """End the process; idempotent."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_END_S)

    def _argv(self, spec_file: Path, ready_file: Path) -> list[str]:
        options = {
            "spec": spec_file,
            "spool": self._folder / "spool",
            "listen": "127.0.0.1:0",
            "ready-file": ready_file,
            "owner-pid": os.getpid(),  # a pass that is killed must not leave a prober behind
        }
        given = [f"--{name}={value}" for name, value in options.items()]
        return [sys.executable, "-I", "-S", str(self._archive), "probe", *given]

    def _ended(self, log_file: Path) -> str | None:
        if self._process is None or self._process.poll() is None:
            return None
        return f"it exited with {self._process.returncode}: {log_file.read_text()[-2000:]}"
