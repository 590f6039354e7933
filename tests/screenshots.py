"""Pictures of a report, for the documents and for whoever changes how it looks.

python -m tests.screenshots RUN_DIR INTO

Writes report-light.png, report-dark.png, report-outage.png and report-phone.png.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser

from e2e.report.html import save_html
from tests.browser import Tab, find_chromium, launch_chromium

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


def take_screenshots(browser: Browser, folder: Path, into: Path) -> list[Path]:
    """Render the report of the run in `folder` and picture it; returns the files."""
    report = save_html(folder)
    into.mkdir(parents=True, exist_ok=True)
    return [
        _picture(browser, report, into / "report-light.png"),
        _picture(browser, report, into / "report-dark.png", dark=True),
        _picture(browser, report, into / "report-outage.png", outage=True),
        _picture(browser, report, into / "report-phone.png", phone=True),
    ]


def _picture(
    browser: Browser,
    report: Path,
    target: Path,
    *,
    dark: bool = False,
    outage: bool = False,
    phone: bool = False,
) -> Path:
    context = browser.new_context(
        viewport=PHONE if phone else DESKTOP,
        color_scheme="dark" if dark else "light",
        device_scale_factor=2 if phone else 1,
    )
    try:
        tab = Tab.open(context, report)
        rows = tab.page.locator("#outages-table button.zoom")
        if outage and rows.count():
            rows.first.click()
        elif not phone:
            tab.reveal()
        tab.settle()
        tab.page.screenshot(path=target)
    finally:
        context.close()
    return target


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
