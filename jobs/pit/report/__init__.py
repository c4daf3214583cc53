"""A build's manifest → what a person reads: a summary for the terminal, one self-contained HTML file."""

from jobs.pit.report.html import Section, render_build
from jobs.pit.report.ingestion import summary_of_ingestion
from jobs.pit.report.summary import facts_of, summary_of_build, summary_of_versions

__all__ = [
    "Section",
    "facts_of",
    "render_build",
    "summary_of_build",
    "summary_of_ingestion",
    "summary_of_versions",
]
