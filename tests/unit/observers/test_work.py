"""Work: threads whose exceptions are kept."""

from __future__ import annotations

import threading

import pytest

from upgrade_e2e.observers.work import Work


def test_work_that_ends_is_not_broken() -> None:
    done = threading.Event()
    work = Work({"one": done.set})
    work.start()
    work.join(10.0)
    assert done.is_set()
    assert not work.alive
    assert work.broken == ""


def test_an_exception_is_kept_with_its_thread_and_place(caplog: pytest.LogCaptureFixture) -> None:
    goes_on = threading.Event()

    def stumble() -> None:
        {}["pod-1"]

    work = Work({"steady": lambda: goes_on.wait(60.0) and None, "bursts": stumble})
    work.start()
    while work.alive:
        goes_on.wait(0.01)
    goes_on.set()
    work.join(10.0)
    assert work.broken.startswith("its thread bursts broke with KeyError: 'pod-1' (test_work.py:")
    assert "Traceback" in caplog.text


def test_work_that_never_began_can_be_joined() -> None:
    work = Work({"one": lambda: None})
    work.join(10.0)
    assert (work.alive, work.broken) == (False, "")
