"""What a pod wrote about its network, and how long it was without."""

from __future__ import annotations

import pytest

from upgrade_e2e.observers.knocked import PodStory, Without, read_story
from upgrade_e2e.timeline import Origin, Outcome

HEAD = "knock 1 boot 5000000 1000005000000 130000 4200000"
WHOLE = f"""{HEAD}
clusterip 131000 130500 0 - - -
dns 3900000 3899000 370 130600 3880000 timeout=300,refused=70
peer - - 400 130700 4190000 unreachable=400
"""
ORIGIN = Origin(unix_s=1_000_000.0, monotonic_s=2.0)


def without(text: str, name: str = "dns") -> Without | None:
    story = read_story(text)
    (one,) = (one for one in story.tried if one.name == name)
    return story.without(one)


def test_all_that_it_wrote_is_read() -> None:
    story = read_story(WHOLE)
    assert (story.boot_id, story.monotonic_us, story.unix_us) == ("boot", 5_000_000, 1000005000000)
    assert [one.name for one in story.tried] == ["clusterip", "dns", "peer"]
    assert story.tried[1].outcomes == "timeout=300,refused=70"
    assert (story.tried[2].answered_us, story.tried[2].failed) == (None, 400)


def test_a_first_try_that_was_answered_counts_alone() -> None:
    assert without(WHOLE, "clusterip") == Without(130_500, 500, Outcome.OK, 0)


def test_after_a_failed_try_the_time_counts_from_the_start_of_the_process() -> None:
    assert without(WHOLE) == Without(0, 3_900_000, Outcome.OK, 370)


def test_what_never_came_is_a_timeout_that_lasted_to_the_end() -> None:
    assert without(WHOLE, "peer") == Without(0, 4_200_000, Outcome.TIMEOUT, 400)


def test_of_an_interpreter_that_took_long_to_come_up_half_a_second_counts() -> None:
    slow = "knock 1 boot 0 0 2500000 9000000\ndns 2900000 2890000 3 2510000 2800000 timeout=3\n"
    assert without(slow) == Without(2_000_000, 900_000, Outcome.OK, 3)


@pytest.mark.parametrize(
    "text",
    [
        "knock 1 boot 0 0 100000 900000\ndns - - 80 100000 890000 refused=80\n",
        "knock 1 boot 0 0 100000 9000000\ndns - - 0 - - -\n",
    ],
)
def test_of_a_pod_that_was_ended_soon_nothing_is_known(text: str) -> None:
    assert without(text) is None


def test_under_one_kernel_its_monotonic_clock_is_ours_and_else_its_wall_clock_must_do() -> None:
    story = read_story(HEAD)
    assert story.started_s(ORIGIN, "boot") == pytest.approx(3.0)
    assert story.started_s(ORIGIN, "another") == pytest.approx(5.0)
    assert not PodStory("", 0, 0, 0, 0, ()).shares_kernel("")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Traceback (most recent call last):",
        "knock 2 boot 1 1 1 1",
        "knock 1 boot 1 1 1",
        f"{HEAD}\ndns 1 1 0",
        f"{HEAD}\ndns one 1 0 - - -",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not what a pod writes|not a line about|invalid literal"):
        read_story(text)
