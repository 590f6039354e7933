"""kubectl against a simulated cluster, unchanged: the commands that people type."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time

import pytest

from simulator.tests.running import simulator

KUBECTL = shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="needs kubectl on the PATH")
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: python:3.12
        command:
        - python3
        - -u
        - -c
        - import os, time; print('I am', os.environ['POD']); time.sleep(600)
        env: [{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
"""


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sim")
    with simulator(folder, workers=2) as (running, _):

        def run(*words, stdin=None, code=0):
            argv = [KUBECTL, f"--kubeconfig={running.folder / 'kubeconfig'}"]
            argv += [f"--cache-dir={folder / 'cache'}", *words]
            done = subprocess.run(
                argv, input=stdin, capture_output=True, text=True, timeout=120, check=False
            )
            assert done.returncode == code, done.stdout + done.stderr
            return done.stdout + done.stderr

        run("apply", "-f", "-", stdin=WEB)
        run("rollout", "status", "deployment/web", "--timeout=60s")
        yield run


def table(text):
    """The cells of a table, by the name in its first column."""
    head, *rows = (re.split(r"\s{2,}", line.strip()) for line in text.strip().splitlines())
    return {row[0]: dict(zip(head, row, strict=False)) for row in rows}


def test_get_prints_the_servers_columns(kubectl):
    deployment = table(kubectl("get", "deployments", "-o", "wide"))["web"]
    assert deployment["READY"] == "3/3"
    assert deployment["IMAGES"] == "python:3.12"
    nodes = table(kubectl("get", "nodes"))
    assert {row["STATUS"] for row in nodes.values()} == {"Ready"}
    assert {row["VERSION"] for row in nodes.values()} == {"v1.33.13"}
    pods = table(kubectl("get", "pods", "-l", "app=web", "-o", "wide"))
    assert {row["STATUS"] for row in pods.values()} == {"Running"}
    assert len({row["IP"] for row in pods.values()}) == 3
    assert "web" in kubectl("get", "all")


def test_apply_says_what_it_did(kubectl):
    assert "deployment.apps/web unchanged" in kubectl("apply", "-f", "-", stdin=WEB)
    again = WEB.replace("replicas: 3", "replicas: 4")
    assert "deployment.apps/web configured" in kubectl("apply", "-f", "-", stdin=again)
    kubectl("apply", "-f", "-", stdin=WEB)
    said = kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=WEB)
    assert "web serverside-applied" in said


def test_an_unknown_field_is_refused(kubectl):
    said = kubectl("apply", "-f", "-", stdin=WEB.replace("replicas", "replicaz"), code=1)
    assert 'unknown field "spec.replicaz"' in said


OTHER = """
apiVersion: v1
kind: Namespace
metadata: {name: other}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: made, namespace: other}
data: {a: b}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: idle, namespace: other}
spec:
  selector: {matchLabels: {app: idle}}
  template:
    metadata: {labels: {app: idle}}
    spec: {containers: [{name: pause, image: "registry.k8s.io/pause:3.10"}]}
"""


def test_apply_read_and_delete(kubectl):
    kubectl("apply", "-f", "-", stdin=OTHER)
    assert kubectl("get", "configmap", "-n", "other", "made", "-o", "jsonpath={.data.a}") == "b"
    assert list(table(kubectl("get", "configmap", "-n", "other"))["made"]) == ["NAME", "AGE"]
    kubectl("wait", "-n", "other", "--for=condition=Available", "deployment/idle", "--timeout=30s")
    assert "deleted" in kubectl("delete", "-n", "other", "configmap", "made")
    kubectl("delete", "namespace", "other", "--timeout=60s")
    assert "NotFound" in kubectl("get", "namespace", "other", code=1)


JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: sum}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: sum, image: "python:3.12", command: [python3, -c, print(42)]}]
"""


def test_a_kind_that_nothing_acts_on_is_refused_by_name(kubectl):
    said = kubectl("apply", "-f", "-", stdin=JOB, code=1)
    assert "does not run Job (batch/v1)" in said
    assert "a real API server" in said
    assert "No resources found" in kubectl("get", "jobs")


def test_scale_and_watch(kubectl):
    kubectl("scale", "deployment/web", "--replicas=4")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    assert table(kubectl("get", "deployments"))["web"]["READY"] == "4/4"
    kubectl("scale", "deployment/web", "--replicas=3")
    kubectl("wait", "--for=jsonpath={.status.replicas}=3", "deployment/web", "--timeout=60s")


def test_rollout_restart_and_undo(kubectl):
    kubectl("rollout", "restart", "deployment/web")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    assert len(kubectl("rollout", "history", "deployment/web").strip().splitlines()) >= 3
    kubectl("rollout", "undo", "deployment/web")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")


def test_logs_of_a_pod(kubectl):
    names = kubectl("get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].metadata.name}")
    name = names.split()[0]
    assert kubectl("logs", name) == f"I am {name}\n"


def test_evictions_move_pods_and_respect_the_budget(kubectl):
    shown = "jsonpath={range .items[*]}{.metadata.name} {.spec.nodeName}{'\\n'}{end}"
    before = kubectl("get", "pods", "-l", "app=web", "-o", shown)
    name, node = before.splitlines()[0].split()
    kubectl("cordon", node)
    assert table(kubectl("get", "nodes"))[node]["STATUS"] == "Ready,SchedulingDisabled"
    body = {"apiVersion": "policy/v1", "kind": "Eviction"}
    body["metadata"] = {"name": name, "namespace": "default"}
    path = f"/api/v1/namespaces/default/pods/{name}/eviction"
    said = kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(body))
    assert '"Success"' in said
    kubectl("wait", "--for=delete", f"pod/{name}", "--timeout=60s")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    kubectl("uncordon", node)
    allowed = "jsonpath={.status.disruptionsAllowed}"
    assert kubectl("get", "poddisruptionbudgets", "web", "-o", allowed) == "1"


def test_a_command_that_sends_protobuf_is_told_what_to_do(kubectl):
    said = kubectl("create", "configmap", "made", "--from-literal=a=b", code=1)
    assert "use `kubectl apply`" in said


def test_raw_paths_and_access(kubectl):
    assert kubectl("get", "--raw", "/readyz") == "ok"
    assert "[+]etcd ok" in kubectl("get", "--raw", "/readyz?verbose")
    assert json.loads(kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"] == "v1.33.13"
    assert "deploy" in kubectl("api-resources")


EARLY = "{apiVersion: v1, kind: ConfigMap, metadata: {name: early}}"


def test_get_with_watch_tells_of_changes(kubectl):
    began = time.monotonic()
    kubectl("apply", "-f", "-", stdin=EARLY)
    said = kubectl("get", "configmaps", "-w", "--request-timeout=2s", code=0)
    assert "early" in said
    assert time.monotonic() - began >= 2
