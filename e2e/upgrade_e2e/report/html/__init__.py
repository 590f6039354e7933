"""report.html: one file, offline, that shows an outage of 30 ms and names its cause."""

from upgrade_e2e.report.html.drawn import Drawn
from upgrade_e2e.report.html.page import (
    REPORT_NAME,
    render_html,
    render_page,
    save_html,
    save_page,
)

__all__ = ["REPORT_NAME", "Drawn", "render_html", "render_page", "save_html", "save_page"]
