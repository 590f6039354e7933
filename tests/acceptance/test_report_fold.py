"""Scenarios that held are folded on report.html, in a real headless Chromium, and never lost."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import DEADLINE_MS, Tab
from tests.synthetic import Shape, make_run
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import save_record, save_samples
from upgrade_e2e.report.html import save_html

ALL, FAILED = 36, 2
LINE = "31 claims held, 3 were skipped"
expect.set_options(timeout=DEADLINE_MS)


def write_page(made: Path, verdicts: list[Verdict]) -> Path:
    """A pass whose scenarios, all about DNS, have these verdicts; scenario-1 has the first."""
    run, timeline = make_run(Shape(60, 20))
    scenarios = tuple(
        dataclasses.replace(run.scenarios[0], name=f"test_{number}", verdict=verdict)
        for number, verdict in enumerate(verdicts, start=1)
    )
    save_record(dataclasses.replace(run, scenarios=scenarios), made)
    save_samples(timeline.samples, made)
    save_html(made)
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A pass with as many scenarios as a whole one: two failed, three were skipped."""
    verdicts = [Verdict.PASS] * 31 + [Verdict.SKIP] * 3 + [Verdict.FAIL] * FAILED
    return write_page(tmp_path_factory.mktemp("pass"), verdicts)


def seen(tab: Tab) -> int:
    """How many scenarios are on the screen or the paper."""
    return tab.page.locator("tr[id^=scenario-]").locator("visible=true").count()


def line(tab: Tab, *, expanded: bool):
    """The button that opens and closes the fold, as assistive technology finds it."""
    return tab.page.get_by_role("button", name=LINE, exact=True, expanded=expanded)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_click_unfolds_and_folds_again(opened, folder, width):
    tab = opened(folder, viewport={"width": width, "height": 900})
    assert seen(tab) == FAILED
    line(tab, expanded=False).click()
    expect(line(tab, expanded=True)).to_be_visible()
    assert seen(tab) == ALL
    line(tab, expanded=True).click()
    expect(line(tab, expanded=False)).to_be_visible()
    assert seen(tab) == FAILED
    assert tab.complaints == []


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_the_fold_is_reached_and_opened_by_keys(opened, folder, key):
    tab = opened(folder)
    tab.page.locator("#scenario-36 summary").focus()
    tab.page.keyboard.press("Tab")
    expect(line(tab, expanded=False)).to_be_focused()
    tab.page.keyboard.press(key)
    expect(line(tab, expanded=True)).to_be_focused()
    assert seen(tab) == ALL


def test_the_timeline_begins_higher_by_the_rows_that_are_folded(opened, folder):
    tab = opened(folder)
    top = "document.getElementById('timeline').getBoundingClientRect().top + scrollY"
    folded_px = tab.page.evaluate(top)
    line(tab, expanded=False).click()
    assert folded_px < 900
    assert tab.page.evaluate(top) - folded_px > 34 * 30


@pytest.mark.parametrize("width", [1280, 390])
def test_without_scripts_all_rows_are_there_and_nothing_to_click(browser, folder, width):
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": width, "height": 900}
    )
    try:
        page = context.new_page()
        page.goto((folder / "report.html").as_uri())
        expect(page.locator("tr[id^=scenario-]").locator("visible=true")).to_have_count(ALL)
        expect(page.locator(".fold button")).to_be_hidden()
    finally:
        context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_paper_has_all_rows_and_no_line(opened, folder, width):
    tab = opened(folder, viewport={"width": width, "height": 900})
    tab.page.emulate_media(media="print")
    assert seen(tab) == ALL
    expect(tab.page.locator(".fold")).to_be_hidden()
    tab.page.emulate_media(media="screen")
    assert seen(tab) == FAILED


def in_window(tab: Tab, place: str) -> bool:
    """Whether an element can be read without scrolling."""
    tab.settle()
    box = tab.page.locator(place).bounding_box()
    height = tab.page.evaluate("innerHeight")
    return box is not None and box["y"] >= 0 and box["y"] + box["height"] <= height


def test_an_address_that_names_a_folded_row_opens_the_page_there(opened, folder):
    tab = opened(folder, "#scenario-30")
    expect(line(tab, expanded=True)).to_be_visible()
    tab.page.wait_for_function("scrollY > 0")
    assert in_window(tab, "#scenario-30")


@pytest.mark.parametrize("fragment", ["#scenario-36", "#t=12.5,12.75", "#outages", "#nothing", "#"])
def test_any_other_address_leaves_it_folded(opened, folder, fragment):
    tab = opened(folder, fragment)
    assert seen(tab) == FAILED
    assert tab.complaints == []


def test_an_address_that_is_typed_or_gone_back_to_unfolds(opened, folder):
    tab = opened(folder)
    tab.page.evaluate("location.hash = '#scenario-30'")
    expect(line(tab, expanded=True)).to_be_visible()
    assert in_window(tab, "#scenario-30")
    tab.page.evaluate("location.hash = '#outages'")
    tab.page.evaluate("scrollTo(0, 0)")
    line(tab, expanded=True).click()
    tab.page.go_back()
    expect(line(tab, expanded=True)).to_be_visible()
    assert in_window(tab, "#scenario-30")


def test_where_all_hold_the_line_is_all_and_outages_lead_behind_it_each_time(opened, tmp_path):
    tab = opened(write_page(tmp_path, [Verdict.PASS] * 31 + [Verdict.SKIP] * 3))
    assert seen(tab) == 0
    link = tab.page.locator("#outages-table a[href='#scenario-1']").first
    expect(link).to_contain_text("within the limit of")
    for _ in range(2):
        link.click()
        expect(line(tab, expanded=True)).to_be_visible()
        assert in_window(tab, "#scenario-1")
        line(tab, expanded=True).click()
        assert seen(tab) == 0


def test_folded_rows_are_copied_and_the_line_is_not(opened, folder):
    tab = opened(folder, permissions=["clipboard-read", "clipboard-write"])
    tab.page.locator("[data-copy='scenarios-table']").click()
    expect(tab.page.locator("#said")).to_have_text("Copied")
    copied = tab.page.evaluate("navigator.clipboard.readText()")
    head, *rows = [line.split("\t") for line in copied.splitlines()]
    assert head == ["verdict", "claim", "watched by", "scenario"]
    assert [row[0] for row in rows] == ["FAIL"] * FAILED + ["PASS"] * 31 + ["SKIP"] * 3
    assert {len(row) for row in rows} == {4}
    assert sorted(row[3] for row in rows) == sorted(f"test_{n}" for n in range(1, ALL + 1))
