"""report.html: the whole bundle on one page that opens offline with a double click."""

from flows.report.page import render_report

__all__ = ["render_report"]
