"""report.html: one file, offline, in which a hole of 30 ms can be seen and its cause named."""

from upgrade_e2e.report.html.page import REPORT_NAME, render_html, save_html

__all__ = ["REPORT_NAME", "render_html", "save_html"]
