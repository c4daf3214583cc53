"""Pages without scripts: sections of sentences, tables and pictures, whatever they are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

ENVIRONMENT = Environment(
    loader=PackageLoader("jobs.pit.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


@dataclass(frozen=True)
class Section:
    """A part of a report: a heading, sentences, and perhaps a table and a picture (an SVG element)."""

    title: str
    sentences: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    picture: str = ""


def pictured(sections: Sequence[Section]) -> list[tuple[Section, Markup]]:
    """Each section with its picture as markup; everything else is escaped."""
    return [(section, Markup(section.picture)) for section in sections]


def render_page(title: str, verdict: str, is_bad: bool, meta: str, sections: Sequence[Section]) -> str:
    """One HTML document: a verdict, what it is about, and sections."""
    return ENVIRONMENT.get_template("page.html").render(
        title=title, verdict=verdict, is_bad=is_bad, meta=meta, sections=pictured(sections)
    )
