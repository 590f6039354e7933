"""The fake API for Deployments that come and go: it has the namespace of observers."""

from __future__ import annotations

import pytest

from tests.unit.observers.fake_api import FakeApi

NAMESPACE = "/api/v1/namespaces/upgrade-e2e"


@pytest.fixture
def api() -> FakeApi:
    """An API with that namespace."""
    made = FakeApi()
    made.put(NAMESPACE, {"kind": "Namespace", "metadata": {"name": "upgrade-e2e"}})
    return made
