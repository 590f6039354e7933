"""Pictures of a report, for the documents and for whoever changes how it looks.

python -m tests.screenshots RUN_DIR INTO

Writes report-light.png, report-dark.png, report-outage.png and report-phone.png.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser import Tab, find_chromium, launch_chromium
from upgrade_e2e.report.html import save_html

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
TALLEST_PX = 2200


def take_screenshots(browser: Browser, folder: Path, into: Path) -> list[Path]:
    """Render the report of the run in `folder` and picture it; returns the files."""
    report = save_html(folder)
    into.mkdir(parents=True, exist_ok=True)
    pictures = {
        "report-light.png": (_whole, {"viewport": DESKTOP}),
        "report-dark.png": (_whole, {"viewport": DESKTOP, "color_scheme": "dark"}),
        "report-outage.png": (_outage, {"viewport": DESKTOP}),
        "report-phone.png": (_top, {"viewport": PHONE, "device_scale_factor": 2}),
    }
    for name, (frame, settings) in pictures.items():
        context = browser.new_context(**settings)
        try:
            tab = Tab.open(context, report)
            frame(tab)
            tab.settle()
            tab.page.screenshot(path=into / name)
        finally:
            context.close()
    return [into / name for name in pictures]


def _whole(tab: Tab) -> None:
    """From the verdict to the end of the timeline."""
    bottom = tab.page.evaluate(
        "() => document.getElementById('timeline').getBoundingClientRect().bottom + scrollY"
    )
    tab.page.set_viewport_size({"width": DESKTOP["width"], "height": min(TALLEST_PX, int(bottom))})


def _outage(tab: Tab) -> None:
    """The outage that matters most, with the facts of a sample in it."""
    row = tab.page.locator("#outages-table tbody tr").first
    if not row.count():
        tab.reveal()
        return
    row.locator("button.zoom").click()
    tab.settle()
    found = tab.page.evaluate(_MIDDLE, row.get_attribute("id"))
    tab.page.mouse.move(*found)


def _top(tab: Tab) -> None:
    """What is seen first."""


_MIDDLE = """(id) => {
  const outage = report.facts.outages.find((one) => one.id === id);
  const { frame, view, canvases } = report;
  const row = frame.body.rows.find(({ streams, observer }) =>
    streams && observer.name === outage.observer);
  const box = canvases.body.getBoundingClientRect();
  const share = (outage.start + outage.least / 2 - view.from) / view.length;
  return [box.left + frame.left + share * (frame.right - frame.left), box.top + row.y + 9];
}"""


def main(folder: str, into: str) -> None:
    """Take the pictures, or say what is missing."""
    path = find_chromium()
    if path is None:
        sys.exit("there is no Chromium on this machine; ci/chromium installs it")
    with launch_chromium(path) as browser:
        for file in take_screenshots(browser, Path(folder), Path(into)):
            sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
