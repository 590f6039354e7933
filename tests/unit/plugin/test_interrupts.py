"""Signals: one that arrives twice is one; the next one ends the cleaning up as well."""

from __future__ import annotations

import signal
import threading

import pytest

from pytest_upgrade_e2e import interrupts


@pytest.fixture
def handlers():
    """What handled the signals before is put back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("before", [signal.SIG_IGN, signal.default_int_handler])
def test_a_signal_interrupts_and_is_named_even_where_it_was_ignored(handlers, number, before):
    signal.signal(number, before)
    interrupts.listen()
    with pytest.raises(KeyboardInterrupt, match=number.name):
        signal.raise_signal(number)


def test_what_follows_at_once_is_the_same_signal(handlers, monkeypatch):
    monkeypatch.setattr(interrupts, "ONE_SIGNAL_S", 3600.0)
    interrupts.listen()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)


def test_a_later_signal_interrupts_again(handlers, monkeypatch):
    monkeypatch.setattr(interrupts, "ONE_SIGNAL_S", 0.0)
    interrupts.listen()
    for number in (signal.SIGTERM, signal.SIGINT):
        with pytest.raises(KeyboardInterrupt, match=number.name):
            signal.raise_signal(number)


def test_two_seconds_are_what_keeps_signals_apart(handlers, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(interrupts.time, "monotonic", lambda: now[0])
    handle = interrupts.Interruption()
    for at_s, interrupts_again in [(0.0, True), (1.9, False), (2.1, True), (4.0, False)]:
        now[0] = at_s
        if interrupts_again:
            with pytest.raises(KeyboardInterrupt):
                handle(signal.SIGTERM, None)
        else:
            handle(signal.SIGTERM, None)


def test_listening_twice_is_listening_once(handlers):
    assert set(interrupts.listen()) == {signal.SIGINT, signal.SIGTERM}
    mine = signal.getsignal(signal.SIGINT)
    assert interrupts.listen() == {}
    assert signal.getsignal(signal.SIGINT) is mine


def test_outside_of_the_main_thread_nothing_is_handled(handlers):
    heard = []
    thread = threading.Thread(target=lambda: heard.append(interrupts.listen()))
    thread.start()
    thread.join()
    assert heard == [{}]
    assert signal.getsignal(signal.SIGINT) is handlers[signal.SIGINT]


def test_handlers_are_given_back_when_the_session_ends(handlers, session):
    session.pytester.makepyfile("""
import signal
from pytest_upgrade_e2e.interrupts import Interruption

def test_asked(request):
    assert isinstance(signal.getsignal(signal.SIGTERM), Interruption)
""")
    session.run("--upgrade-provider=sim").assert_outcomes(passed=1)
    assert {number: signal.getsignal(number) for number in handlers} == handlers
