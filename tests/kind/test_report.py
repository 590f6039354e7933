"""report.html of a real pass, in a real browser; its pictures are those of the documents.

UPGRADE_E2E_SCREENSHOTS=docs names the folder that the pictures go to; else they are thrown away.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.browser import Tab
from tests.screenshots import take_screenshots
from upgrade_e2e.report import load_record

VARIABLE = "UPGRADE_E2E_SCREENSHOTS"
MEGABYTE = 1_000_000


@pytest.fixture
def tab(browser, ran):
    """The page as the pass left it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Tab.open(context, ran.artifacts / "report.html")
    context.close()


def test_the_page_of_the_pass_opens_without_a_complaint(tab, ran):
    assert tab.complaints == []
    assert {url.split(":")[0] for url in tab.requests} <= {"file", "data"}
    assert (ran.artifacts / "report.html").stat().st_size < 3 * MEGABYTE
    assert tab.page.locator("h1").inner_text() == ran.record()["verdict"]
    assert not tab.page.get_by_text("SIMULATED").count()


def test_every_step_and_every_outage_of_the_record_is_on_it(tab, ran):
    drawn = tab.page.evaluate(
        """() => ({
          steps: report.facts.lanes.flatMap((lane) => [...lane.steps, ...lane.phases]).length,
          outages: report.facts.outages.length,
        })"""
    )
    record = load_record(ran.artifacts)
    assert drawn["steps"] == len(record.spans) > 10
    assert drawn["outages"] == sum(len(seen.outages) for seen in record.observers) > 0


def test_an_outage_can_be_looked_at_down_to_10_ms(tab):
    tab.page.locator("#outages-table button.zoom").first.click()
    tab.settle()
    start, _ = tab.view()
    tab.page.get_by_label("Length shown").select_option("10 ms")
    assert tab.view()[1] - tab.view()[0] == pytest.approx(0.01)
    assert tab.view()[0] > start
    assert tab.complaints == []


def test_the_trace_holds_every_step(ran):
    trace = json.loads((ran.artifacts / "trace.json").read_text())
    names = {event["name"].removesuffix(" FAILED") for event in trace["traceEvents"]}
    assert {span["name"] for span in ran.record()["spans"]} <= names


def test_pictures_are_taken_in_light_and_dark(browser, ran, tmp_path):
    into = Path(os.environ.get(VARIABLE) or tmp_path)
    files = take_screenshots(browser, ran.artifacts, into)
    assert {"report-light.png", "report-dark.png"} <= {file.name for file in files}
    light, dark = (into / f"report-{scheme}.png" for scheme in ("light", "dark"))
    assert min(light.stat().st_size, dark.stat().st_size) > 20_000
    assert light.read_bytes() != dark.read_bytes()
