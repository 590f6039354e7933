"""What the observer of Deployments applies: the properties that its claims depend on."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.unit.observers.fake_api import FakeApi, fake_cluster
from upgrade_e2e.agent.main import parse_args
from upgrade_e2e.agent.tokens import SigningKey, proven_claims, signed_token
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.cluster.room import Room
from upgrade_e2e.observers import DeployContext, Deployments, Images, Parts
from upgrade_e2e.observers.deployments.lease_watch import LeaseWatch
from upgrade_e2e.observers.deployments.servers import wanted_by
from upgrade_e2e.observers.deployments.trial import TRIAL
from upgrade_e2e.observers.deployments.trial_client import TrialClient
from upgrade_e2e.observers.deployments.trial_loop import TrialLoop
from upgrade_e2e.observers.deployments.trust import Trust
from upgrade_e2e.observers.objects import settled_nodes
from upgrade_e2e.timeline import Origin

NAMESPACE = "/api/v1/namespaces/upgrade-e2e"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
HOOK = f"{ADMISSION}/mutatingwebhookconfigurations/upgrade-e2e-deployments"
SERVERS = ("deployments-webhook", "deployments-credentials")


@pytest.fixture
def context(api: FakeApi, tmp_path: Path) -> Iterator[DeployContext]:
    with fake_cluster(api, tmp_path) as cluster:
        yield DeployContext(cluster, Images(agent="my/python:3.12"), tmp_path, Origin())


def one(api: FakeApi, kind: str, name: str) -> dict[str, Any]:
    """The object of this kind and name in our namespace."""
    (path,) = (path for path in api.objects if path.endswith(f"/{kind}/{name}"))
    assert "/namespaces/upgrade-e2e/" in path
    return api.objects[path]


def pod_of(api: FakeApi, name: str) -> dict[str, Any]:
    """The pod template's spec of a Deployment."""
    return dict(one(api, "deployments", name)["spec"]["template"]["spec"])


def test_where_there_are_no_webhooks_nothing_is_deployed(
    api: FakeApi, context: DeployContext
) -> None:
    api.unserved = "mutatingwebhookconfigurations"
    before = set(api.objects)
    assert Deployments().deploy(context) == Parts()
    assert set(api.objects) == before


def test_both_servers_survive_the_drain_of_a_node(api: FakeApi, context: DeployContext) -> None:
    Deployments().deploy(context)
    for name in SERVERS:
        assert one(api, "deployments", name)["spec"]["replicas"] == 2
        budget = one(api, "poddisruptionbudgets", name)["spec"]
        assert (budget["minAvailable"], budget["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")
        pod = pod_of(api, name)
        (spread,) = pod["topologySpreadConstraints"]
        assert spread["topologyKey"] == "kubernetes.io/hostname"
        assert budget["selector"] == spread["labelSelector"]
        (container,) = pod["containers"]
        sleep = container["lifecycle"]["preStop"]["exec"]["command"]
        assert int(sleep[1]) < pod["terminationGracePeriodSeconds"]
        resources = container["resources"]
        assert {"cpu"} <= set(resources["requests"]) & set(resources["limits"])


def test_where_all_pods_must_be_on_one_node_no_budget_holds_up_its_drain(
    api: FakeApi, context: DeployContext
) -> None:
    room = Room(nodes=("worker", "worker2"), open_nodes=("worker",))
    Deployments().deploy(dataclasses.replace(context, room=room))
    assert not [path for path in api.objects if "poddisruptionbudgets" in path]
    wide = Room(nodes=("worker", "worker2"), open_nodes=("worker", "worker2"))
    Deployments().deploy(dataclasses.replace(context, room=wide))
    assert len([path for path in api.objects if "poddisruptionbudgets" in path]) == 2


def test_with_one_worker_everything_may_run_on_control_planes(
    api: FakeApi, context: DeployContext
) -> None:
    narrow = dataclasses.replace(context, room=Room.planned(["control-plane"], ["worker"]))
    Deployments().deploy(narrow)
    trial = TrialClient(narrow, "deployments").deployment("t")
    for pod in (*(pod_of(api, name) for name in SERVERS), trial["spec"]["template"]["spec"]):
        (toleration,) = pod["tolerations"]
        assert toleration["key"] == "node-role.kubernetes.io/control-plane"


@pytest.mark.parametrize("families", [("ipv4",), ("ipv4", "ipv6")])
def test_command_lines_are_those_of_the_agent(
    api: FakeApi, context: DeployContext, families: tuple[str, ...]
) -> None:
    here = dataclasses.replace(context, facts=ClusterFacts(families=families))
    Deployments().deploy(here)
    trial = TrialClient(here, "deployments").deployment("t")["spec"]["template"]["spec"]
    for pod in (*(pod_of(api, name) for name in SERVERS), trial):
        (container,) = pod["containers"]
        assert container["image"] == "my/python:3.12"
        assert container["command"][:4] == ["python3", "-I", "-S", "/agent/agent.pyz"]
        args = parse_args(container["command"][4:])
        (port,) = container["ports"]
        assert args.bind.endswith(f"]:{port['containerPort']}")
        names = {variable["name"] for variable in container["env"]}
        assert set(re.findall(r"\$\((\w+)\)", args.bind)) <= names
        assert container["readinessProbe"]["httpGet"]["port"] == port["containerPort"]


def test_servers_find_their_files_and_each_other(api: FakeApi, context: DeployContext) -> None:
    api.addresses = ("10.0.0.9",)
    Deployments().deploy(context)
    for name in SERVERS:
        pod = pod_of(api, name)
        (container,) = pod["containers"]
        (mount,) = (some for some in container["volumeMounts"] if some["name"] == "secret")
        (volume,) = (some for some in pod["volumes"] if some["name"] == "secret")
        files = one(api, "secrets", volume["secret"]["secretName"])["data"]
        args = vars(parse_args(container["command"][4:]))
        asked = {value for value in args.values() if str(value).startswith(mount["mountPath"])}
        assert asked == {f"{mount['mountPath']}/{file}" for file in files}
    (container,) = pod_of(api, "deployments-webhook")["containers"]
    assert "--provider=http://10.0.0.9:80" in container["command"]


def test_the_api_server_asks_about_our_pods_alone_and_trusts_the_webhook(
    api: FakeApi, context: DeployContext
) -> None:
    Deployments().deploy(context)
    (hook,) = api.objects[HOOK]["webhooks"]
    assert hook["namespaceSelector"] == {
        "matchLabels": {"kubernetes.io/metadata.name": "upgrade-e2e"}
    }
    assert hook["objectSelector"] == {"matchLabels": wanted_by("deployments")}
    (rule,) = hook["rules"]
    assert (rule["resources"], rule["operations"]) == (["pods"], ["CREATE"])
    assert hook["failurePolicy"] == "Fail"
    asked = hook["clientConfig"]["service"]
    service = one(api, "services", asked["name"])["spec"]
    assert [port["port"] for port in service["ports"]] == [asked["port"]]
    authority = base64.b64decode(hook["clientConfig"]["caBundle"]).decode()
    assert ssl.create_default_context(cadata=authority).get_ca_certs()
    data = one(api, "secrets", "deployments-webhook")["data"]
    certificate = x509.load_pem_x509_certificate(base64.b64decode(data["tls.crt"]))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    host = f"{asked['name']}.{asked['namespace']}.svc"
    assert names.get_values_for_type(x509.DNSName) == [host]
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.encode()))


def test_what_is_in_no_namespace_goes_with_ours(api: FakeApi, context: DeployContext) -> None:
    before = set(api.objects)
    Deployments().deploy(context)
    made = set(api.objects) - before
    assert {path for path in made if "/namespaces/upgrade-e2e/" not in path} == {HOOK}
    (owner,) = api.objects[HOOK]["metadata"]["ownerReferences"]
    assert owner == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "name": "upgrade-e2e",
        "uid": api.objects[NAMESPACE]["metadata"]["uid"],
    }
    for path in made:
        labels = api.objects[path]["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "upgrade-e2e"


def test_two_observers_share_neither_webhook_nor_pods(api: FakeApi, context: DeployContext) -> None:
    before = set(api.objects)
    Deployments().deploy(context)
    first = set(api.objects) - before
    Deployments(label="mine").deploy(context)
    hooks = [thing["webhooks"][0] for thing in api.objects.values() if "webhooks" in thing]
    selected = [hook["objectSelector"]["matchLabels"] for hook in hooks]
    assert selected == [wanted_by("deployments"), wanted_by("mine")]
    assert len({hook["name"] for hook in hooks}) == 2
    assert len(set(api.objects) - before) == 2 * len(first)


def test_a_small_deployment_wants_a_credential_and_is_found_by_its_name(
    context: DeployContext,
) -> None:
    client = TrialClient(context, "deployments")
    made, service = client.deployment("t"), client.service("t")
    labels = made["spec"]["template"]["metadata"]["labels"]
    assert made["spec"]["replicas"] == 1
    assert labels.items() >= {**wanted_by("deployments"), TRIAL: "t"}.items()
    assert made["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert service["spec"]["selector"].items() <= labels.items()
    assert made["spec"]["template"]["spec"]["automountServiceAccountToken"] is False
    assert made["spec"]["template"]["spec"]["affinity"] == settled_nodes()
    assert len({client.new_name() for _ in range(50)}) == 50


def cluster_of(cluster: Cluster, control_planes: int) -> Cluster:
    """The same with so many control planes, and a worker."""
    nodes = tuple(Node(f"cp{number}", Role.CONTROL_PLANE) for number in range(control_planes))
    return dataclasses.replace(cluster, nodes=(*nodes, Node("worker", Role.WORKER)))


@pytest.mark.parametrize(
    ("control_planes", "rest_s", "every_s"),
    [(1, 20.0, 5.0), (3, 20.0, 15.0), (1, 299.0, 5.0), (1, 300.0, 15.0), (3, 420.0, 15.0)],
)
def test_with_one_control_plane_deployments_come_more_often_unless_there_is_time(
    context: DeployContext, control_planes: int, rest_s: float, every_s: float
) -> None:
    cluster = cluster_of(context.cluster, control_planes)
    here = dataclasses.replace(context, cluster=cluster, rest_s=rest_s)
    parts = Deployments(every_s=15).deploy(here)
    loop, leases = parts.background_tasks
    assert isinstance(loop, TrialLoop)
    assert isinstance(leases, LeaseWatch)
    (probe,) = parts.host_probes
    assert probe.name == "api"
    assert loop.every_s == every_s


def test_the_keys_of_a_pass_are_its_own() -> None:
    trust, other = Trust.made_for("a.svc"), Trust.made_for("a.svc")
    key = SigningKey.of_jwk(json.loads(trust.signing_key))
    token = signed_token({"aud": "x", "exp": 2}, key)
    assert proven_claims(token, trust.credentials, "x", 1)["exp"] == 2
    assert not trust.credentials.keys() & other.credentials.keys()
