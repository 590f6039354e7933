"""Guard rails: what is applied, what is asked, and that nothing is watched that does not act."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.observers.fake_api import FakeApi, Object, fake_cluster
from upgrade_e2e.agent.prober import KINDS
from upgrade_e2e.agent.spool import Spool
from upgrade_e2e.errors import BadInput, E2eError
from upgrade_e2e.observers import (
    DeployContext,
    DnsLookups,
    GuardPair,
    GuardRails,
    Images,
    Parts,
    require_watched,
)
from upgrade_e2e.observers import guard_rails as module
from upgrade_e2e.observers.dry_run import as_in_json
from upgrade_e2e.timeline import Connection, Origin
from upgrade_e2e.wait import Deadline

GROUP = "/apis/admissionregistration.k8s.io/v1"
POLICY = f"{GROUP}/validatingadmissionpolicies/upgrade-e2e-guard"
BINDING = f"{GROUP}/validatingadmissionpolicybindings/upgrade-e2e-guard"
SPACE = "/api/v1/namespaces/upgrade-e2e"
SERVED = {
    GROUP: [("ValidatingAdmissionPolicy", "validatingadmissionpolicies", False)],
    "/api/v1": [
        ("Pod", "pods/status", True),
        ("Pod", "pods", True),
        ("Namespace", "namespaces", False),
        ("ConfigMap", "configmaps", True),
    ],
}


def manifest(kind: str, name: str, **meta: Any) -> str:
    return json.dumps({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, **meta}})


NAMED = GuardPair(
    "tags", "tags.yaml", manifest("Pod", "bad"), manifest("Pod", "good"), 'needs a "tag"'
)


def refusing(path: str, thing: Object) -> tuple[int, str]:
    """Both policies: the one of our own, and one that dislikes a name."""
    if thing.get("data") == {"admit": "no"}:
        return 403, "denied: an object of upgrade-e2e that no upgrade may let through"
    bad = thing["metadata"]["name"] == "bad"
    return (422, 'denied: it needs a "tag"') if bad else (201, "")


@pytest.fixture
def api() -> FakeApi:
    made = FakeApi(policy=refusing)
    for path, kinds in SERVED.items():
        rows = [{"kind": kind, "name": name, "namespaced": spaced} for kind, name, spaced in kinds]
        made.put(path, {"metadata": {"name": path.rpartition("/")[2]}, "resources": rows})
    made.put(SPACE, {"kind": "Namespace", "metadata": {"name": "upgrade-e2e"}})
    return made


@pytest.fixture
def context(api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(module, "_IN_FORCE", Deadline(0.3, every_s=0.05, in_a_row=2))
    with fake_cluster(api, tmp_path) as cluster:
        yield DeployContext(cluster, Images(), tmp_path, Origin())


def probes(context: DeployContext) -> dict[str, Any]:
    return {probe.name: probe for probe in GuardRails().deploy(context).host_probes}


def test_the_policy_acts_only_in_our_namespace_on_objects_with_our_label(
    api: FakeApi, context: DeployContext
) -> None:
    GuardRails().deploy(context)
    matched = api.objects[POLICY]["spec"]["matchConstraints"]
    assert matched["namespaceSelector"] == {
        "matchLabels": {"kubernetes.io/metadata.name": "upgrade-e2e"}
    }
    (label,) = matched["objectSelector"]["matchLabels"].items()
    (rule,) = matched["resourceRules"]
    assert (rule["resources"], rule["operations"]) == (["configmaps"], ["CREATE"])
    assert api.objects[BINDING]["spec"] == {
        "policyName": "upgrade-e2e-guard",
        "validationActions": ["Deny"],
    }
    for name in ("forbidden", "allowed"):
        body = json.loads(probes(context)[name].settings["body"])
        assert label in body["metadata"]["labels"].items()


def test_the_policy_is_deleted_with_our_namespace(api: FakeApi, context: DeployContext) -> None:
    GuardRails().deploy(context)
    uid = api.objects[SPACE]["metadata"]["uid"]
    for path in (POLICY, BINDING):
        (owner,) = api.objects[path]["metadata"]["ownerReferences"]
        assert owner == {
            "apiVersion": "v1", "kind": "Namespace", "name": "upgrade-e2e", "uid": uid
        }  # fmt: skip


def test_only_the_offending_field_differs(context: DeployContext) -> None:
    made = probes(context)
    forbidden, allowed = (
        json.loads(made[name].settings["body"]) for name in ("forbidden", "allowed")
    )
    assert (forbidden.pop("data"), allowed.pop("data")) == ({"admit": "no"}, {"admit": "yes"})
    assert forbidden["metadata"].pop("name") != allowed["metadata"].pop("name")
    assert forbidden == allowed


def test_everything_that_is_asked_is_a_dry_run(api: FakeApi, context: DeployContext) -> None:
    made = probes(context)
    assert set(made) == {"control", "forbidden", "allowed"}
    for probe in made.values():
        assert probe.settings["method"] == "POST"
        assert probe.settings["url"].endswith("?dryRun=All")
    assert {path for method, path in api.requests if method == "POST"} == {
        f"{SPACE}/configmaps?dryRun=All"
    }
    assert f"{SPACE}/configmaps" not in {path.rpartition("/")[0] for path in api.objects}


def test_every_api_server_is_asked_for_the_forbidden_object(context: DeployContext) -> None:
    connections = {name: probe.connection for name, probe in probes(context).items()}
    assert connections == {
        "control": Connection.REUSED,
        "forbidden": Connection.NEW,
        "allowed": Connection.REUSED,
    }


def test_the_control_is_of_a_kind_that_admission_control_does_not_look_at(
    context: DeployContext,
) -> None:
    control = probes(context)["control"].settings
    assert control["url"].partition("?")[0].endswith(BINDING.rpartition("/")[0])
    assert json.loads(control["body"])["kind"] == "ValidatingAdmissionPolicyBinding"


def test_every_probe_is_a_spec_that_the_agent_takes(context: DeployContext, tmp_path: Path) -> None:
    for probe in GuardRails().deploy(context).host_probes:
        facts = probe.spec("guard")
        assert json.loads(json.dumps(facts)) == facts
        KINDS[facts["kind"]](facts, Spool(tmp_path / "spool", "run", [facts]), reactor=None)


def test_a_named_pair_has_streams_of_its_name(context: DeployContext) -> None:
    made = probes(dataclasses.replace(context, guards=(NAMED,)))
    assert set(made) == {"control", "forbidden", "allowed", "forbidden-tags", "allowed-tags"}
    settings = made["forbidden-tags"].settings
    assert settings["url"].partition("?")[0].endswith(f"{SPACE}/pods")
    assert settings["body_has"] == 'needs a \\"tag\\"'
    assert json.loads(settings["body"])["metadata"]["namespace"] == "upgrade-e2e"
    assert made["forbidden-tags"].target == "the forbidden object of tags.yaml"


@pytest.mark.parametrize(
    ("made", "path"),
    [
        (manifest("Namespace", "good"), "/api/v1/namespaces"),
        (manifest("Pod", "good", namespace="mine"), "/api/v1/namespaces/mine/pods"),
    ],
)
def test_an_object_goes_where_its_manifest_says(
    context: DeployContext, made: str, path: str
) -> None:
    guards = (dataclasses.replace(NAMED, allowed=made),)
    settings = probes(dataclasses.replace(context, guards=guards))["allowed-tags"].settings
    assert settings["url"].partition("?")[0].endswith(path)


def test_a_kind_that_is_not_served_cannot_be_watched(context: DeployContext) -> None:
    guards = (dataclasses.replace(NAMED, allowed=manifest("Widget", "good")),)
    with pytest.raises(E2eError, match="serves no Widget of v1"):
        GuardRails().deploy(dataclasses.replace(context, guards=guards))


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"bad": (201, "")}, "the forbidden object is admitted"),
        ({"bad": (403, "denied by RBAC")}, "refused in other words: 403 denied by RBAC"),
        ({"good": (409, "already exists")}, "the allowed object is refused: 409 already exists"),
    ],
)
def test_a_policy_that_does_not_act_before_the_upgrade_proves_nothing(
    api: FakeApi, context: DeployContext, answers: dict[str, tuple[int, str]], said: str
) -> None:
    api.policy = lambda path, thing: answers.get(thing["metadata"]["name"], refusing(path, thing))
    with pytest.raises(E2eError, match=said) as caught:
        GuardRails().deploy(dataclasses.replace(context, guards=(NAMED,)))
    assert "nothing can be said about a policy that does not act before the upgrade" in str(
        caught.value
    )


def test_a_cluster_without_such_policies_is_not_watched(
    api: FakeApi, context: DeployContext
) -> None:
    api.drop(GROUP)
    assert GuardRails().deploy(context) == Parts()
    assert not [path for path in api.objects if "admission" in path]


def test_words_are_looked_for_as_they_stand_in_json() -> None:
    assert as_in_json('a "tag" <none> & more') == r"a \"tag\" \u003cnone\u003e \u0026 more"
    assert as_in_json("käse") == "käse"


def test_pairs_that_nobody_watches_are_refused() -> None:
    require_watched([GuardRails(), DnsLookups()], [NAMED])
    require_watched([DnsLookups()], [])
    with pytest.raises(BadInput, match=r"tags\.yaml would be left out in silence; select"):
        require_watched([DnsLookups()], [NAMED])
