"""BackgroundThreads: threads whose exceptions are kept."""

from __future__ import annotations

import threading

import pytest

from upgrade_e2e.observers.threads import BackgroundThreads


def test_work_that_ends_is_not_broken() -> None:
    done = threading.Event()
    threads = BackgroundThreads({"one": done.set})
    threads.start()
    threads.join(10.0)
    assert done.is_set()
    assert not threads.alive
    assert threads.broken == ""


def test_an_exception_is_kept_with_its_thread_and_place(caplog: pytest.LogCaptureFixture) -> None:
    goes_on = threading.Event()

    def stumble() -> None:
        {}["pod-1"]

    threads = BackgroundThreads({"steady": lambda: goes_on.wait(60.0) and None, "bursts": stumble})
    threads.start()
    while threads.alive:
        goes_on.wait(0.01)
    goes_on.set()
    threads.join(10.0)
    assert threads.broken.startswith(
        "its thread bursts broke with KeyError: 'pod-1' (test_threads.py:"
    )
    assert "Traceback" in caplog.text


def test_work_that_never_began_can_be_joined() -> None:
    threads = BackgroundThreads({"one": lambda: None})
    threads.join(10.0)
    assert (threads.alive, threads.broken) == (False, "")
