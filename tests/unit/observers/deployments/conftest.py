"""The fake API for Deployments that come and go: it has the namespace of observers."""

from __future__ import annotations

import pytest

from tests.unit.observers.fake_api import FakeApi


@pytest.fixture
def api(api_with_namespace: FakeApi) -> FakeApi:
    """An API with that namespace."""
    return api_with_namespace
