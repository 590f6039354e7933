"""Small Deployments that come and go, with everything that a new Deployment needs today."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from upgrade_e2e.observers.apiserver import readyz_probe
from upgrade_e2e.observers.base import DeployContext, Observer, Parts, label_or_kind
from upgrade_e2e.observers.checks import check_label, check_positive_s, check_timeout
from upgrade_e2e.observers.deployments.lease_watch import LeaseWatch
from upgrade_e2e.observers.deployments.servers import apply_servers
from upgrade_e2e.observers.deployments.trial_client import TrialClient
from upgrade_e2e.observers.deployments.trial_loop import TrialLoop

__all__ = ["Deployments"]

_API_HZ = 5.0
_API_TIMEOUT_S = 2.0
_HASTE_ALONE = 3.0
"""A single control plane is away, with its controllers, for more than half of a pass; a claim about
how soon they are available needs 20 Deployments out of the rest."""
_ENOUGH = 20


@dataclass(frozen=True, kw_only=True)
class Deployments:
    """Every `every_s` a Deployment of one pod is made, with a Service, and deleted once it answers.

    Its pod needs a credential, as pods in a cloud do. An admission webhook of ours injects a token
    of its service account. The process exchanges that at its start at a credential provider of
    ours, and is not ready without it. Both run in the cluster, two replicas each.
    With one control plane Deployments come three times as often, unless enough of them fit into the
    time before the upgrade and after it. Streams that follow events, so
    their interval is 0, one for each stage; `@NODE` is the node of the pod:
    created-to-accepted@host     until the API has accepted Deployment and Service
    accepted-to-admitted@host    until its pod is there, with what the webhook injects; a pod
                                 without that is a bad answer, one that is refused `create-failed`
    admitted-to-scheduled@host   until the pod has a node
    started-to-issued@NODE       from the first attempt of the process until it has a credential
    scheduled-to-available@NODE  until the Deployment is available
    available-to-answering@NODE  until its Service answers with the pod's own credential; the API
                                 server asks an endpoint of the Service
    deleted-to-gone@NODE         from the accepted deletion until the pod is gone
    created-to-available@NODE, created-to-answering@NODE: the whole way
    A Deployment that does not answer within `timeout_s` is a timeout of the stage that it is in,
    and of the whole way. For reference: api@host, GET /readyz, and controllers@host, whether the
    leaders of controller manager and scheduler renew their leases. Objects are named after `label`.
    In a cluster that takes no admission webhooks, such as a simulated one, nothing is deployed.
    Raises BadInput for values that cannot work.
    """

    kind: ClassVar[str] = "deployments"
    every_s: float = 15.0
    label: str = ""
    timeout_s: float = 30.0

    def __post_init__(self) -> None:
        check_positive_s("Deployments.every_s", self.every_s)
        check_label("Deployments.label", self.label)
        check_timeout("Deployments.timeout_s", self.timeout_s)

    def labelled(self, label_of: Callable[[Observer], str]) -> Self:
        """See TakesLabel."""
        return replace(self, label=label_of(self))

    def deploy(self, context: DeployContext) -> Parts:
        """Apply the webhook and the credential provider, and prepare the loop; see Observer."""
        label, api = label_or_kind(self), context.cluster.api
        trust = apply_servers(context, label)
        if trust is None:
            return Parts()
        loop = TrialLoop(
            client=TrialClient(context, label),
            credentials=trust.credentials,
            every_s=self.every_s / context.pace / self._haste(context),
            timeout_s=self.timeout_s,
        )
        return Parts(
            host_probes=(readyz_probe(api, "api", _API_HZ, _API_TIMEOUT_S),),
            background_tasks=(loop, LeaseWatch(context, label)),
        )

    def _haste(self, context: DeployContext) -> float:
        """How many times as often Deployments come, so that enough come outside of absences."""
        is_alone = len(context.cluster.control_planes) == 1
        return _HASTE_ALONE if is_alone and context.rest_s < _ENOUGH * self.every_s else 1.0
