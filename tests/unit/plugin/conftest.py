"""A session to judge in, and passes that end in different ways."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.plugin.sessions import Loaded, Session
from tests.unit.run.fake_provider import impatient
from upgrade_e2e.errors import ClusterNotMade, E2eError

__all__ = ["failing_step", "impatient", "libraries", "loaded", "session", "unmade"]


REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def loaded():
    """Keeps the libraries that sessions load: asked for before pytester, it ends after that."""
    modules = Loaded()
    yield modules
    modules.keep()


@pytest.fixture(autouse=True)
def libraries(loaded, pytester):
    """What a test loads without a session, such as a command in its own process, is kept too."""
    yield
    loaded.note()


@pytest.fixture
def session(loaded, pytester, monkeypatch):
    """A folder in which every pass is on a fake provider."""
    made = Session(pytester, loaded)
    # Scenarios import the fake, also in processes of their own.
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY), prepend=os.pathsep)
    monkeypatch.delenv("CI", raising=False)  # there pytest repeats every error in its summary
    monkeypatch.setattr("upgrade_e2e.run.judged.make_provider", made.make_provider)
    return made


@pytest.fixture
def unmade(session):
    """The cluster cannot be made."""
    session.failures["create"] = ClusterNotMade("there is no disk")


@pytest.fixture
def failing_step(session):
    """The upgrade ends at a step."""
    session.failures["drain worker"] = E2eError("it cannot be evicted")
