"""Deployments that come and go, their admission webhook and their credential provider."""

from upgrade_e2e.observers.deployments.observer import Deployments

__all__ = ["Deployments"]
