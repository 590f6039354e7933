"""A headless Chromium of the machine's own, for tests and benchmarks of report.html."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",  # root has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
READY = "html[data-ready=yes]"
DEADLINE_MS = 60_000


def find_chromium() -> str | None:
    """The path of an installed browser."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def launch_chromium(path: str) -> Iterator[Browser]:
    """A browser that knows nothing and is gone afterwards."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Tab:
    """An open report; `complaints` and `requests` grow as the page talks."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, context: BrowserContext, report: Path, fragment: str = "") -> Tab:
        """Load the report and wait until its timeline is drawn."""
        tab = cls(context.new_page())
        tab.page.set_default_timeout(DEADLINE_MS)
        tab.page.on("console", lambda message: tab.complaints.append(message.text))
        tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.page.on("request", lambda request: tab.requests.append(request.url))
        tab.page.goto(report.as_uri() + fragment)
        tab.page.wait_for_selector(READY, state="attached")
        tab.settle()
        return tab

    def settle(self) -> None:
        """Wait until what was asked for is on the screen."""
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def view(self) -> tuple[float, float]:
        """What the timeline shows, in seconds."""
        start, end = self.page.evaluate("() => [report.view.from, report.view.to]")
        return start, end

    def show(self, start_s: float, end_s: float) -> None:
        """Show this stretch of the timeline."""
        self.page.evaluate("([from, to]) => report.view.show(from, to)", [start_s, end_s])
        self.settle()

    def reveal(self) -> None:
        """Scroll to the timeline."""
        self.page.evaluate("() => document.getElementById('timeline').scrollIntoView()")

    def point(self, time_s: float, row: str = "") -> tuple[float, float]:
        """Where a moment is in the window, on the strip of a stream (`observer/stream`).

        Without a row, it is on the time axis. The row is scrolled into sight first.
        """
        x, y = self.page.evaluate(_POINT, [time_s, row])
        self.settle()
        return x, y

    def wheel(self, x: float, y: float, turns: int, delta: float) -> None:
        """Turn the wheel over a point."""
        self.page.mouse.move(x, y)
        for _ in range(turns):
            self.page.mouse.wheel(0, delta)
        self.page.wait_for_timeout(100)
        self.settle()


_POINT = """([time, name]) => {
  const { frame, canvases, view } = report;
  const x = () => canvases.body.getBoundingClientRect().left + frame.left +
    (time - view.from) / view.length * (frame.right - frame.left);
  if (!name) {
    const head = canvases.head.getBoundingClientRect();
    return [x(), head.bottom - 10];
  }
  const [observer, stream] = name.split("/");
  const row = frame.body.rows.find((row) =>
    row.kind === "stream" && row.observer.name === observer && row.stream.name === stream);
  const top = () => canvases.body.getBoundingClientRect().top + row.y + frame.label;
  scrollBy(0, top() - innerHeight * 0.7);
  return [x(), top() + 9];
}"""
