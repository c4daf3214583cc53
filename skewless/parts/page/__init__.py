"""What was built, found or traced → what a person reads: a summary for a terminal, one self-contained HTML file."""

from jobs.pit.report.explanation import summary_of_explanation
from jobs.pit.report.from_log import log_sections_of
from jobs.pit.report.html import render_build
from jobs.pit.report.ingestion import summary_of_ingestion
from jobs.pit.report.investigation import render_investigation, summary_of_investigation
from jobs.pit.report.monitoring import render_monitoring, summary_of_monitoring
from jobs.pit.report.page import Section, render_page
from jobs.pit.report.rebuilding import summary_of_rebuild
from jobs.pit.report.reconciliation import render_reconciliation, summary_of_reconciliation
from jobs.pit.report.summary import facts_of, summary_of_build, summary_of_versions
from jobs.pit.report.tracing import render_trace, summary_of_trace

__all__ = [
    "Section",
    "facts_of",
    "log_sections_of",
    "render_build",
    "render_investigation",
    "render_monitoring",
    "render_page",
    "render_reconciliation",
    "render_trace",
    "summary_of_build",
    "summary_of_explanation",
    "summary_of_ingestion",
    "summary_of_investigation",
    "summary_of_monitoring",
    "summary_of_rebuild",
    "summary_of_reconciliation",
    "summary_of_trace",
    "summary_of_versions",
]
