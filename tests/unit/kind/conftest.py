"""Fixtures of the kind provider's unit tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.kind.fakes import FakeApi, FakeImage, FakeMachine
from upgrade_e2e.providers.kind.ledger import Ledger
from upgrade_e2e.providers.kind.settings import KindSettings


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger")


@pytest.fixture
def settings(tmp_path, ledger):
    return KindSettings(workdir=tmp_path / "work", ledger=ledger)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi().serving() as serving:
        yield serving


@pytest.fixture
def machine(api) -> FakeMachine:
    """Docker with node images of two versions, and a kind that makes clusters of them."""
    return FakeMachine(
        images={
            "kindest/node:v1.33.13": FakeImage.of("v1.33.13"),
            "kindest/node:v1.34.4": FakeImage.of("v1.34.4", etcd="3.6.5-0", coredns="v1.12.1"),
            "python:3.11-slim": FakeImage(None),
            "docker.io/envoyproxy/envoy:v1.36.2": FakeImage(None),
        },
        kubeconfig=api.kubeconfig(),
    )
