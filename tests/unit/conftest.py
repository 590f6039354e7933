"""What unit tests share: quick looks at what is waited for, patience with a busy machine."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import tenacity.nap
from hypothesis import HealthCheck, settings

from upgrade_e2e import wait
from upgrade_e2e.providers.kind.resolving.reference import is_loopback

settings.register_profile(
    "busy-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy-machine")

LONGEST_SLEEP_S = 0.05


def sleep(seconds: float) -> None:
    """Sleep, but not for long: what is waited for here comes within moments."""
    time.sleep(min(seconds, LONGEST_SLEEP_S))


EAGER = wait.Clock(sleep=sleep)


@pytest.fixture(scope="package", autouse=True)
def eager_waits() -> Iterator[None]:
    """Every `wait_for` without a clock of its own, and every retry, looks again soon.

    Deadlines stay as they are.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wait, "Clock", lambda: EAGER)
        patch.setattr(tenacity.nap, "time", SimpleNamespace(sleep=sleep))
        yield


@pytest.fixture
def hide(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Make a folder one that this user may not enter; root, who may run the tests, enters all."""

    def hide(folder: Path) -> None:
        stat = os.stat

        def refusing(path: Any, **more: Any) -> os.stat_result:
            if not isinstance(path, int) and folder in Path(os.fsdecode(path)).parents:
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return stat(path, **more)

        monkeypatch.setattr(os, "stat", refusing)

    return hide


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Registries beyond this machine do not answer, wherever the tests run."""
    request = requests.Session.request

    def on_loopback(session: requests.Session, method: str, url: str, **more: Any) -> Any:
        if not is_loopback(urlsplit(url).netloc):
            raise requests.ConnectionError("Failed to resolve a name: no network in unit tests")
        return request(session, method, url, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Session, "request", on_loopback)
        yield
