"""How large report.html is and how fast it opens, as lines of a Markdown table.

    python -m benchmarks.report_page

Made-up passes of ten watched minutes with 12 probes. Render is the CPU time of writing the page,
without loading Python. Load is the time from the start of the navigation to the first drawn frame
of the timeline, in headless Chromium from a file, the median of five; it depends on what else the
machine does, which is why the CPU time of the page's main thread stands beside it.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser import DEADLINE_MS, READY, find_chromium, launch_chromium
from tests.synthetic import PASS_S, Shape, write_run
from upgrade_e2e.report.html import save_html

WATCHED_SHARE = 522 / PASS_S
RATES_HZ = (10, 50, 100, 200)
LOADS = 5


def main() -> None:
    """Print the table."""
    path = find_chromium()
    if path is None:
        sys.exit("there is no Chromium on this machine; ci/chromium installs it")
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}\n")
    print("| rate | samples | page | render, CPU | load, median | slowest | main thread, CPU |")
    print("|---|---|---|---|---|---|---|")
    with launch_chromium(path) as browser, tempfile.TemporaryDirectory() as folder:
        for rate_hz in RATES_HZ:
            print(measure(browser, Path(folder) / str(rate_hz), rate_hz), flush=True)


def measure(browser: Browser, folder: Path, rate_hz: float) -> str:
    """One line of the table."""
    run = write_run(folder, Shape(PASS_S / WATCHED_SHARE, rate_hz))
    save_html(folder)
    began = time.process_time()
    report = save_html(folder)
    render_s = time.process_time() - began
    loads = [load(browser, report) for _ in range(LOADS)]
    samples = sum(seen.samples for seen in run.observers)
    return (
        f"| {rate_hz:g} Hz | {samples} | {report.stat().st_size / 1e6:.2f} MB | {render_s:.2f} s "
        f"| {statistics.median(wall for wall, _ in loads):.2f} s "
        f"| {max(wall for wall, _ in loads):.2f} s "
        f"| {statistics.median(cpu for _, cpu in loads):.2f} s |"
    )


def load(browser: Browser, report: Path) -> tuple[float, float]:
    """Time to the drawn timeline, and the CPU time of the main thread; in seconds."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(report.as_uri())
        page.wait_for_selector(READY, state="attached", timeout=DEADLINE_MS)
        metrics = session.send("Performance.getMetrics")["metrics"]
        cpu_s = next(one["value"] for one in metrics if one["name"] == "ThreadTime")
        wall_ms = page.evaluate("performance.getEntriesByName('ready')[0].startTime")
        return wall_ms / 1e3, cpu_s
    finally:
        context.close()


if __name__ == "__main__":
    main()
