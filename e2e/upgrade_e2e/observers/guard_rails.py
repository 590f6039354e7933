"""Guard rails: policies, watched by objects that they must refuse and by others that they allow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Api
from upgrade_e2e.errors import BadInput, DeadlinePassed, E2eError
from upgrade_e2e.observers.apiserver import access
from upgrade_e2e.observers.base import DeployContext, Observer, Parts, Probe, label_or_kind
from upgrade_e2e.observers.checks import check_label, check_rate, check_timeout
from upgrade_e2e.observers.dry_run import CREATED, REFUSED, DryRun, as_in_json, place
from upgrade_e2e.observers.guard_pairs import GuardPair
from upgrade_e2e.observers.own_policy import (
    apply_own_policy,
    control_create,
    own_pair,
    serves_policies,
)
from upgrade_e2e.timeline import Connection
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["GuardRails", "require_watched"]

_IN_FORCE = Deadline(60.0, every_s=0.5, in_a_row=2)
_CALLED = "failed calling webhook"
_ADMITTED = {"status": [*CREATED], "outcome": "admitted"}
_WEBHOOK_FAILED = {"status": [500, 503, 504], "body_has": _CALLED, "outcome": "webhook-failed"}
_TOO_MANY = {"status": [429], "outcome": "other"}
"""The API server's refusal for the load that it is under, whatever the object."""
_IN_OTHER_WORDS = {"status": [*REFUSED], "outcome": "4xx"}
"""Not ready yet, RBAC after a restart, another policy."""
_CONTROL: Mapping[str, Any] = {"expect": [*CREATED]}
_ALLOWED: Mapping[str, Any] = {"expect": [*CREATED], "means": [_WEBHOOK_FAILED, _TOO_MANY]}


@dataclass(frozen=True, kw_only=True)
class GuardRails:
    """Policies: a ValidatingAdmissionPolicy of our own, and those named with `--guard-forbidden`.

    Streams, each at `rate_hz`, from this machine; every probe is a create with a server-side dry
    run, so nothing is stored:
    forbidden@host  an object that the policy must refuse, over a new connection each time, so that
                    every API server behind a load balancer is asked
    allowed@host    one that differs only in what the policy looks at, over kept connections
    control@host    one that no policy and no webhook sees, over kept connections
    A named pair has streams `forbidden-NAME@host` and `allowed-NAME@host`. Only a refusal with the
    policy's own words is good for the forbidden object. `timeout_s` is longer than the 10 s that
    an API server waits for a webhook by default, and for its policies when it has just started.
    A cluster without ValidatingAdmissionPolicy (before Kubernetes 1.30) is not watched.
    Raises BadInput for values that cannot work.
    """

    kind: ClassVar[str] = "guard"
    rate_hz: float = 10.0
    label: str = ""
    timeout_s: float = 12.0

    def __post_init__(self) -> None:
        check_rate("GuardRails.rate_hz", self.rate_hz)
        check_label("GuardRails.label", self.label)
        check_timeout("GuardRails.timeout_s", self.timeout_s)

    def labelled(self, label_of: Callable[[Observer], str]) -> Self:
        """See TakesLabel."""
        return replace(self, label=label_of(self))

    def deploy(self, context: DeployContext) -> Parts:
        """Apply our policy, and wait until every policy refuses and admits what it should.

        Raises E2eError for a policy that does not: nothing could be said about it.
        """
        if not serves_policies(context.cluster):
            return Parts()
        label = label_or_kind(self)
        apply_own_policy(context, label)
        control = _settings(context.cluster.api, control_create(label), _CONTROL)
        probes = [self._probe("control", "an object that no policy sees", control)]
        for pair in (own_pair(label), *context.guards):
            probes += self._pair(context, pair)
        return Parts(host_probes=tuple(probes))

    def _pair(self, context: DeployContext, pair: GuardPair) -> Iterator[Probe]:
        api = context.cluster.api
        forbidden, allowed = _placed(context, pair.forbidden), _placed(context, pair.allowed)
        _require_in_force(api, pair, forbidden, allowed)
        refusal = {
            "expect": [*REFUSED],
            "body_has": as_in_json(pair.words),
            "means": [_ADMITTED, _WEBHOOK_FAILED, _TOO_MANY, _IN_OTHER_WORDS],
        }
        ending = f"-{pair.name}" if pair.name else ""
        yield self._probe(
            f"forbidden{ending}",
            f"the forbidden object of {pair.policy}",
            _settings(api, forbidden, refusal),
            Connection.NEW,
        )
        yield self._probe(
            f"allowed{ending}",
            f"the allowed object of {pair.policy}",
            _settings(api, allowed, _ALLOWED),
        )

    def _probe(
        self,
        name: str,
        target: str,
        settings: Mapping[str, Any],
        connection: Connection = Connection.REUSED,
    ) -> Probe:
        interval_s = 1 / self.rate_hz
        return Probe(name, "http", target, interval_s, self.timeout_s, connection, settings)


def require_watched(observers: Sequence[Observer], guards: Sequence[GuardPair]) -> None:
    """Refuse, with BadInput, pairs that no observer of a pass watches."""
    if guards and not any(isinstance(one, GuardRails) for one in observers):
        named = ", ".join(pair.policy for pair in guards)
        raise BadInput(
            f"no selected scenario watches guard rails, so {named} would be left out in silence; "
            "select the scenario guard_rails, or leave out --guard-forbidden."
        )


def _settings(api: Api, create: DryRun, answers: Mapping[str, Any]) -> dict[str, Any]:
    """What the agent must know: whom it asks for what, and what the answers mean."""
    server = access(api)
    return {
        **server,
        **answers,
        "url": f"{server['url']}{create.path}?dryRun=All",
        "method": "POST",
        "headers": {"Content-Type": "application/json", "Accept": "application/json"},
        "body": create.body,
    }


def _placed(context: DeployContext, manifest: str) -> DryRun:
    return place(context.cluster, json.loads(manifest), context.namespace)


def _require_in_force(api: Api, pair: GuardPair, forbidden: DryRun, allowed: DryRun) -> None:
    def amiss() -> str:
        return "; ".join(_amiss(pair, forbidden.ask(api), allowed.ask(api)))

    try:
        wait_for(
            f"the refusal of one object, and the admission of the other, by {pair.policy}",
            amiss,
            lambda found: not found,
            _IN_FORCE,
            transient=TRANSIENT_API_ERRORS,
        )
    except DeadlinePassed as error:
        raise E2eError(
            "nothing can be said about a policy that does not act before the upgrade: "
            f"{error}. See that it is installed, that {pair.words!r} is a part of its message, and "
            "that there is no object of these names yet."
        ) from error


def _amiss(pair: GuardPair, forbidden: tuple[int, str], allowed: tuple[int, str]) -> Iterator[str]:
    """What is not as it should be, in words; nothing when the policy is in force."""
    status, message = forbidden
    if status in CREATED:
        yield "the forbidden object is admitted"
    elif status not in REFUSED or pair.words not in message:
        yield f"the forbidden object is refused in other words: {status} {message}"
    status, message = allowed
    if status not in CREATED:
        yield f"the allowed object is refused: {status} {message}"
