"""The simulated API through the official client: the answers of a real one, errors included."""

from __future__ import annotations

import base64
import io
import json
import ssl
import threading
import time
import zipfile

import pytest
from kubernetes import watch
from kubernetes.client.exceptions import ApiException

from simulator.tests.running import simulator, status_of, wait_for

NAMESPACE = "default"
SERVER = """
import http.server as h
print("hello", flush=True)
h.ThreadingHTTPServer(("", 8080), h.SimpleHTTPRequestHandler).serve_forever()
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with simulator(tmp_path_factory.mktemp("sim"), workers=1) as (running, api):
        wait_for(
            "the default service account",
            lambda: api.get_json("/api/v1/namespaces/default/serviceaccounts")["items"],
            bool,
            20,
        )
        yield running, api


@pytest.fixture
def api(cluster):
    return cluster[1]


def refused(call, *args, **kwargs):
    """The Status that a call is refused with."""
    with pytest.raises(ApiException) as caught:
        call(*args, **kwargs)
    status = json.loads(caught.value.body)
    assert status["kind"] == "Status"
    assert status["status"] == "Failure"
    assert status["code"] == caught.value.status
    return status


def config(name, **data):
    return {"metadata": {"name": name}, "data": data}


def pause(name, **spec):
    container = {"name": "pause", "image": "registry.k8s.io/pause:3.10"}
    return {"metadata": {"name": name}, "spec": {"containers": [container], **spec}}


def test_create_read_replace_delete(api):
    made = api.core.create_namespaced_config_map(NAMESPACE, config("crud", a="1"))
    assert made.metadata.uid
    read = api.core.read_namespaced_config_map("crud", NAMESPACE)
    assert read.data == {"a": "1"}
    read.data = {"a": "2"}
    changed = api.core.replace_namespaced_config_map("crud", NAMESPACE, read)
    assert int(changed.metadata.resource_version) > int(made.metadata.resource_version)
    assert changed.metadata.uid == made.metadata.uid
    gone = json.loads(api.request("DELETE", "/api/v1/namespaces/default/configmaps/crud"))
    assert (gone["kind"], gone["status"]) == ("Status", "Success")
    assert refused(api.core.read_namespaced_config_map, "crud", NAMESPACE)["reason"] == "NotFound"


def test_a_wrong_resource_version_is_a_conflict(api):
    old = api.core.create_namespaced_config_map(NAMESPACE, config("conflict"))
    api.core.patch_namespaced_config_map("conflict", NAMESPACE, {"data": {"a": "1"}})
    status = refused(api.core.replace_namespaced_config_map, "conflict", NAMESPACE, old)
    assert (status["code"], status["reason"]) == (409, "Conflict")
    assert "the object has been modified" in status["message"]


def test_a_second_object_of_a_name_exists_already(api):
    api.core.create_namespaced_config_map(NAMESPACE, config("twice"))
    status = refused(api.core.create_namespaced_config_map, NAMESPACE, config("twice"))
    assert (status["code"], status["reason"]) == (409, "AlreadyExists")
    assert status["details"] == {"name": "twice", "kind": "configmaps"}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/api/v1/namespaces/default/pods/none", 'pods "none" not found'),
        ("/apis/apps/v1/namespaces/default/deployments/no", 'deployments.apps "no" not found'),
        ("/api/v1/namespaces/default/gizmos", "could not find the requested resource"),
        ("/api/v1/namespaces/default/pods/x/gizmo", "could not find the requested resource"),
    ],
)
def test_what_is_not_there_is_404_with_a_status(api, path, message):
    status = refused(api.get_json, path)
    assert (status["code"], status["reason"]) == (404, "NotFound")
    assert message in status["message"]


@pytest.mark.parametrize("path", ["/apis/nope.example.com/v1/things", "/nothing"])
def test_what_nobody_serves_is_404_without_a_status_as_on_a_real_server(api, path):
    with pytest.raises(ApiException) as caught:
        api.get_json(path)
    assert caught.value.status == 404
    assert "404 page not found" in str(caught.value.body)


def test_an_object_in_no_namespace_is_404(api):
    status = refused(api.core.create_namespaced_config_map, "nowhere", config("a"))
    assert (status["code"], status["message"]) == (404, 'namespaces "nowhere" not found')


@pytest.mark.parametrize(
    ("name", "field"),
    [("Upper", "metadata.name"), ("under_score", "metadata.name"), ("-dash", "metadata.name")],
)
def test_names_that_cannot_be_are_422_with_a_cause(api, name, field):
    status = refused(api.core.create_namespaced_config_map, NAMESPACE, config(name))
    assert (status["code"], status["reason"]) == (422, "Invalid")
    assert [cause["field"] for cause in status["details"]["causes"]] == [field]


def test_a_selector_that_misses_its_own_template_is_422(api):
    body = {
        "metadata": {"name": "misses"},
        "spec": {
            "selector": {"matchLabels": {"app": "a"}},
            "template": {"metadata": {"labels": {"app": "b"}}, "spec": pause("x")["spec"]},
        },
    }
    status = refused(api.apps.create_namespaced_deployment, NAMESPACE, body)
    assert status["code"] == 422
    assert "`selector` does not match template `labels`" in status["message"]


def test_a_pods_containers_cannot_change(api):
    api.core.create_namespaced_pod(NAMESPACE, pause("fixed"))
    patch = {"spec": {"containers": [{"name": "pause", "command": ["other"]}]}}
    status = refused(api.core.patch_namespaced_pod, "fixed", NAMESPACE, patch)
    assert status["code"] == 422
    assert "pod updates may not change fields other than" in status["message"]


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"{not json", "application/json", 400),
        (b"a: [1", "application/yaml", 400),
        (b"[]", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x"}}', "application/json", 400),
        (b'{"metadata":{"name":"x","namespace":"other"}}', "application/json", 400),
        (b"k8s\x00\xff\xff", "application/vnd.kubernetes.protobuf", 415),
        (b"<pod/>", "text/xml", 415),
    ],
)
def test_bodies_that_cannot_be_read_are_refused(cluster, body, content_type, code):
    running, _ = cluster
    answered, status = status_of(
        f"{server_of(running)}/api/v1/namespaces/default/configmaps",
        admin_context(running),
        data=body,
        method="POST",
        content_type=content_type,
    )
    assert (answered, status["kind"], status["code"]) == (code, "Status", code)


def kubeconfig(running):
    return json.loads((running.folder / "kubeconfig").read_text())


def server_of(running):
    return kubeconfig(running)["clusters"][0]["cluster"]["server"]


def trusting_context(running):
    authority = kubeconfig(running)["clusters"][0]["cluster"]["certificate-authority-data"]
    return ssl.create_default_context(cadata=base64.b64decode(authority).decode())


def admin_context(running):
    context, user = trusting_context(running), kubeconfig(running)["users"][0]["user"]
    pair = running.folder / "admin.pem"
    parts = ("client-certificate-data", "client-key-data")
    pair.write_bytes(b"".join(base64.b64decode(user[part]) for part in parts))
    context.load_cert_chain(pair)
    return context


def test_without_credentials_only_health_and_version_answer(cluster):
    running, _ = cluster
    context, server = trusting_context(running), server_of(running)
    code, status = status_of(f"{server}/api/v1/pods", context)
    assert (code, status["reason"]) == (403, "Forbidden")
    assert "system:anonymous" in status["message"]
    assert status_of(f"{server}/version", context)[1]["gitVersion"] == "v1.33.13"


def test_a_wrong_token_is_401_and_a_service_accounts_works(cluster):
    running, _ = cluster
    context, server = trusting_context(running), server_of(running)
    code, status = status_of(f"{server}/api/v1/pods", context, token="wrong")  # noqa: S106
    assert (code, status["reason"]) == (401, "Unauthorized")
    [token, *_] = wait_for(
        "a pod with a token",
        lambda: list(running.folder.glob("nodes/*/pods/*/volumes/kube-api-access/token")),
    )
    assert status_of(f"{server}/api/v1/pods", context, token=token.read_text())[0] == 200


def test_a_certificate_of_another_authority_is_refused(cluster):
    running, _ = cluster
    stranger = ssl.create_default_context()
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        status_of(f"{server_of(running)}/version", stranger)


def test_lists_come_in_pages(api):
    names = [f"page-{number}" for number in range(7)]
    for name in names:
        body = {"metadata": {"name": name, "labels": {"paged": "yes"}}}
        api.core.create_namespaced_config_map(NAMESPACE, body)
    seen, token = [], None
    while True:
        page = api.core.list_namespaced_config_map(
            NAMESPACE,
            label_selector="paged=yes",
            limit=3,
            **({"_continue": token} if token else {}),
        )
        seen += [item.metadata.name for item in page.items]
        token = page.metadata._continue
        if not token:
            break
        assert len(page.items) == 3
    assert seen == names


def test_dry_run_changes_nothing(api):
    made = api.core.create_namespaced_config_map(NAMESPACE, config("dry"), dry_run="All")
    assert made.metadata.name == "dry"
    assert refused(api.core.read_namespaced_config_map, "dry", NAMESPACE)["code"] == 404


def test_a_watch_begins_behind_a_list_and_tells_each_change(api):
    listed = api.core.list_namespaced_config_map(NAMESPACE)
    events = []

    def follow():
        stream = watch.Watch().stream(
            api.core.list_namespaced_config_map,
            NAMESPACE,
            label_selector="watched=yes",
            resource_version=listed.metadata.resource_version,
            timeout_seconds=3,
        )
        events.extend((event["type"], event["object"].metadata.name) for event in stream)

    thread = threading.Thread(target=follow)
    thread.start()
    body = {"metadata": {"name": "seen", "labels": {"watched": "yes"}}}
    api.core.create_namespaced_config_map(NAMESPACE, body)
    api.core.create_namespaced_config_map(NAMESPACE, config("unseen"))
    api.core.patch_namespaced_config_map("seen", NAMESPACE, {"data": {"a": "1"}})
    leave = {"metadata": {"labels": {"watched": "no"}}}
    api.core.patch_namespaced_config_map("seen", NAMESPACE, leave)
    thread.join(15)
    assert events == [("ADDED", "seen"), ("MODIFIED", "seen"), ("DELETED", "seen")]


def raw_watch(api, path):
    body = api.request("GET", path, timeout_s=20)
    return [json.loads(line) for line in body.splitlines()]


def test_a_watch_ends_at_its_timeout_with_a_bookmark(cluster):
    running, api = cluster
    running.ask("set", parameter="api.bookmark_every_s", value=0.3)
    began = time.monotonic()
    path = "/api/v1/namespaces?watch=1&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=1"
    events = raw_watch(api, path)
    assert time.monotonic() - began >= 1
    assert events[-1]["type"] == "BOOKMARK"
    assert events[-1]["object"]["kind"] == "Namespace"
    assert int(events[-1]["object"]["metadata"]["resourceVersion"]) > 1


def test_a_watch_may_begin_with_everything_and_mark_its_end(api):
    query = "watch=1&timeoutSeconds=1&sendInitialEvents=true&allowWatchBookmarks=true"
    events = raw_watch(api, f"/api/v1/namespaces?{query}&resourceVersionMatch=NotOlderThan")
    kinds = [event["type"] for event in events]
    mark = kinds.index("BOOKMARK")
    assert kinds[:mark] == ["ADDED"] * 4
    annotations = events[mark]["object"]["metadata"]["annotations"]
    assert annotations == {"k8s.io/initial-events-end": "true"}


def test_history_that_is_gone_is_410_in_the_stream(cluster):
    running, api = cluster
    running.ask("compact")
    [event] = raw_watch(api, "/api/v1/pods?watch=1&timeoutSeconds=5&resourceVersion=1")
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)
    assert event["object"]["reason"] == "Expired"


def test_a_revision_that_is_not_yet_is_504(api):
    status = refused(api.get_json, "/api/v1/pods?resourceVersion=999999999")
    assert (status["code"], status["reason"]) == (504, "Timeout")


def test_a_foreground_deletion_waits_for_dependents(api):
    owner = api.core.create_namespaced_config_map(NAMESPACE, config("owner"))
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "owner",
        "uid": owner.metadata.uid,
        "blockOwnerDeletion": True,
    }
    body = {"metadata": {"name": "owned", "ownerReferences": [reference], "finalizers": ["x/y"]}}
    api.core.create_namespaced_config_map(NAMESPACE, body)
    api.core.delete_namespaced_config_map("owner", NAMESPACE, propagation_policy="Foreground")
    held = api.core.read_namespaced_config_map("owner", NAMESPACE)
    assert held.metadata.deletion_timestamp
    wait_for(
        "the dependent marked as deleted",
        lambda: api.core.read_namespaced_config_map("owned", NAMESPACE).metadata,
        lambda meta: meta.deletion_timestamp is not None,
        10,
    )
    api.core.patch_namespaced_config_map("owned", NAMESPACE, {"metadata": {"finalizers": None}})
    wait_for(
        "the owner to be gone",
        lambda: {c.metadata.name for c in api.core.list_namespaced_config_map(NAMESPACE).items},
        lambda names: not {"owner", "owned"} & names,
        10,
    )


def test_pods_run_answer_through_the_proxy_and_have_logs(api):
    container = {
        "name": "server",
        "image": "python:3.12",
        "command": ["python3", "-c", SERVER],
        "readinessProbe": {"httpGet": {"port": 8080}, "periodSeconds": 1},
    }
    body = {"metadata": {"name": "server"}, "spec": {"containers": [container]}}
    api.core.create_namespaced_pod(NAMESPACE, body)
    wait_for(
        "the pod to be ready",
        lambda: api.core.read_namespaced_pod("server", NAMESPACE).status,
        lambda status: any(
            c.type == "Ready" and c.status == "True" for c in status.conditions or ()
        ),
        20,
    )
    proxied = api.request("GET", "/api/v1/namespaces/default/pods/server:8080/proxy/")
    assert b"Directory listing" in proxied
    log = api.request("GET", "/api/v1/namespaces/default/pods/server/log?tailLines=1")
    assert b"GET /" in log
    assert b"hello" in api.request("GET", "/api/v1/namespaces/default/pods/server/log")
    status = refused(api.request, "GET", "/api/v1/namespaces/default/pods/server:81/proxy/")
    assert (status["code"], status["reason"]) == (503, "ServiceUnavailable")
    assert "Connect call failed" in status["message"] or "refused" in status["message"]


def zipped(**modules):
    """A program of several modules as one file, as `python -m zipapp` makes them."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        for name, text in modules.items():
            archive.writestr(f"{name}.py", text)
    return base64.b64encode(into.getvalue()).decode()


def test_a_zipped_program_of_a_config_map_runs(api):
    code = zipped(__main__="import part, sys; print(part.WORD, *sys.argv[1:])", part="WORD = 42")
    body = {"metadata": {"name": "zipped"}, "binaryData": {"agent.pyz": code}}
    api.core.create_namespaced_config_map(NAMESPACE, body)
    container = {
        "name": "agent",
        "image": "python:3.12",
        "command": ["python3", "/agent/agent.pyz", "and", "more"],
        "volumeMounts": [{"name": "agent", "mountPath": "/agent", "readOnly": True}],
    }
    spec = {
        "restartPolicy": "Never",
        "containers": [container],
        "volumes": [{"name": "agent", "configMap": {"name": "zipped"}}],
    }
    api.core.create_namespaced_pod(NAMESPACE, {"metadata": {"name": "zipped"}, "spec": spec})
    wait_for(
        "the end of the program",
        lambda: api.core.read_namespaced_pod("zipped", NAMESPACE).status.phase,
        lambda phase: phase == "Succeeded",
    )
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/zipped/log"
    assert api.request("GET", path) == b"42 and more\n"


def test_an_image_that_cannot_run_here_says_so(api):
    container = {"name": "c", "image": "mysql:8"}
    api.core.create_namespaced_pod(
        NAMESPACE, {"metadata": {"name": "unknown"}, "spec": {"containers": [container]}}
    )
    seen = wait_for(
        "the reason why the pod waits",
        lambda: api.core.read_namespaced_pod("unknown", NAMESPACE).status.container_statuses,
        lambda found: bool(found) and found[0].state.waiting.reason == "ErrImagePull",
        20,
        transient=(AttributeError,),
    )
    assert "does not run in a simulated cluster" in seen[0].state.waiting.message


def test_an_eviction_respects_the_budget(api):
    labels = {"app": "guarded"}
    body = pause("guarded")
    body["metadata"]["labels"] = labels
    api.core.create_namespaced_pod(NAMESPACE, body)
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "guard", "namespace": NAMESPACE},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": labels}},
    }
    budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    api.request("POST", budgets, budget)
    wait_for(
        "a healthy pod in the budget",
        lambda: api.get_json(f"{budgets}/guard"),
        lambda seen: seen["status"].get("currentHealthy") == 1,
        20,
    )
    eviction = {"metadata": {"name": "guarded", "namespace": NAMESPACE}}
    status = refused(api.core.create_namespaced_pod_eviction, "guarded", NAMESPACE, eviction)
    assert (status["code"], status["reason"]) == (429, "TooManyRequests")
    assert status["details"]["causes"][0]["reason"] == "DisruptionBudget"
    merge = "application/merge-patch+json"
    api.request("PATCH", f"{budgets}/guard", {"spec": {"minAvailable": 0}}, merge)

    def evict():
        api.core.create_namespaced_pod_eviction("guarded", NAMESPACE, eviction)
        return True

    wait_for("the eviction", evict, bool, 10, transient=(ApiException,))


REFUSED = {
    "StatefulSet": "/apis/apps/v1/namespaces/default/statefulsets",
    "Job": "/apis/batch/v1/namespaces/default/jobs",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "PersistentVolumeClaim": "/api/v1/namespaces/default/persistentvolumeclaims",
    "Endpoints": "/api/v1/namespaces/default/endpoints",
}


@pytest.mark.parametrize(("kind", "path"), REFUSED.items())
def test_a_kind_that_nothing_acts_on_is_refused_and_never_stored(api, kind, path):
    version = path.split("/namespaces/")[0].removeprefix("/apis/").removeprefix("/api/")
    body = {"apiVersion": version.removesuffix("/clusterroles"), "kind": kind}
    body["metadata"] = {"name": "never"}
    status = refused(api.request, "POST", path, body)
    assert (status["code"], status["reason"]) == (405, "MethodNotAllowed")
    assert f"does not run {kind} " in status["message"]
    assert "real API server" in status["message"]
    query = "?fieldManager=me&force=true"
    apply = "application/apply-patch+yaml"
    assert refused(api.request, "PATCH", f"{path}/never{query}", body, apply)["code"] == 405
    assert api.get_json(path)["items"] == []
    assert refused(api.get_json, f"{path}/never")["code"] == 404
