"""The end of a pass: what is deleted, and what is kept because the user asked for it."""

from __future__ import annotations

from upgrade_e2e.errors import E2eError
from upgrade_e2e.run.pass_ import RunningPass

__all__ = ["close_pass"]


def close_pass(running: RunningPass, *, passed: bool) -> None:
    """Delete the cluster unless `--keep-cluster` says otherwise; says what was done.

    When a deletion fails, this says which command finishes it; the ledger still knows the cluster.
    """
    keep, say = running.what.settings.keep, running.what.progress.say
    if running.cluster is not None and (keep == "always" or (keep == "on-failure" and not passed)):
        running.what.provider.close(keep=True)
        kubeconfig = running.cluster.kubeconfig
        say(f"cluster {running.cluster.name} is kept: export KUBECONFIG={kubeconfig}")
        return
    try:
        running.what.provider.close()
    except E2eError as error:
        say(f"the cluster could not be deleted; run `upgrade-e2e sweep`: {error}")
