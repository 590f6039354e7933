"""A loop that stands still is told in the log, with the place."""

from __future__ import annotations

import asyncio
import time

from upgrade_e2e_simulator.watchdog import Watchdog


def block_the_loop(for_s):
    time.sleep(for_s)


async def watched(into, for_s, stuck_s):
    task = asyncio.create_task(Watchdog(stuck_s=stuck_s, every_s=0.01, into=into).run())
    await asyncio.sleep(0.05)
    block_the_loop(for_s)
    await asyncio.sleep(0.05)
    task.cancel()


def test_the_place_is_told(tmp_path, caplog):
    with (tmp_path / "log").open("w") as into:
        asyncio.run(watched(into, 0.8, stuck_s=0.3))
    assert "in block_the_loop" in (tmp_path / "log").read_text()
    assert "the event loop stood still for" in caplog.text


def test_a_loop_that_turns_is_no_news(tmp_path):
    with (tmp_path / "log").open("w") as into:
        asyncio.run(watched(into, 0.0, stuck_s=60.0))
    assert (tmp_path / "log").read_text() == ""
