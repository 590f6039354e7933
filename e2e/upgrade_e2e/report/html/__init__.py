"""report.html: one file, offline, in which a hole of 30 ms can be seen and its cause named."""

from upgrade_e2e.report.html.drawn import Drawn
from upgrade_e2e.report.html.page import (
    REPORT_NAME,
    render_html,
    render_page,
    save_html,
    save_page,
)

__all__ = ["REPORT_NAME", "Drawn", "render_html", "render_page", "save_html", "save_page"]
