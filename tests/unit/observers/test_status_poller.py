"""What is shown while watching, and what is missing before it can begin."""

from __future__ import annotations

from typing import Any

from upgrade_e2e.observers.status_poller import LastStatus, complaints, statuses


def in_words(received: dict[str, LastStatus], now_s: float) -> dict[str, str]:
    """What is said of each observer."""
    return {name: str(status) for name, status in statuses(received, now_s).items()}


def status(**streams: tuple[int, dict[str, int]]) -> dict[str, Any]:
    """A prober's status: for each stream the total of successes and the last second's outcomes."""
    told = {
        name.replace("_", "."): {
            "ok": ok,
            "last_failure": "refused" if set(second) - {"ok"} else "",
            "last_second": {
                "ok": second.get("ok", 0),
                "failed": sum(second.values()) - second.get("ok", 0),
                "outcomes": second,
            },
        }
        for name, (ok, second) in streams.items()
    }
    return {"streams": told}


def test_the_probers_of_all_nodes_are_summed_up() -> None:
    received = {
        "a": LastStatus(
            status(web_new=(9, {"ok": 50}), dns_a=(9, {"ok": 10, "timeout": 2})), 100.0
        ),
        "b": LastStatus(status(web_new=(9, {"ok": 49, "reset": 1})), 100.0),
    }
    assert in_words(received, 101.0) == {"web": "99/s ok, 1 reset", "dns": "10/s ok, 2 timeout"}


def test_observers_whose_labels_begin_alike_are_counted_apart() -> None:
    seen = {"web_new": (9, {"ok": 50}), "web-shop_new": (9, {"ok": 7}), "web-2_new": (9, {"ok": 1})}
    received = {"a": LastStatus(status(**seen), 100.0)}
    assert in_words(received, 101.0) == {
        "web": "50/s ok",
        "web-shop": "7/s ok",
        "web-2": "1/s ok",
    }


def test_what_is_old_is_not_shown_as_if_it_were_now() -> None:
    received = {
        "a": LastStatus(status(web_new=(9, {"ok": 50})), 100.0),
        "b": LastStatus(status(web_new=(9, {"ok": 50})), 88.0),
    }
    assert in_words(received, 100.0) == {"web": "50/s ok, no status for 12 s"}


def test_nothing_heard_is_nothing_said() -> None:
    assert statuses({}, 1.0) == {}


def test_streams_that_do_not_work_are_named() -> None:
    seen = status(
        web_new=(5, {"ok": 50}),
        web_reused=(0, {"refused": 50}),
        dns_a=(7, {"ok": 9, "timeout": 1}),
        dns_b=(0, {}),
    )
    assert list(complaints("worker", seen)) == [
        "web.reused@worker has not succeeded yet (refused)",
        "dns.a@worker saw {'ok': 9, 'timeout': 1} in the last second",
        "dns.b@worker has not succeeded yet (no probe)",
    ]
