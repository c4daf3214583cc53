"""One self-contained page: a verdict, what it is about, then sections of sentences, tables and pictures.

Nothing is fetched: style and script are in the page, and its content security policy allows nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from skewless.parts.page.grid import Content, Grid, grid_of

ENVIRONMENT = Environment(
    loader=PackageLoader("skewless.parts.page"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


@dataclass(frozen=True)
class Section:
    """A part of a report: a heading, sentences and a list, a table, and pictures (SVG elements, one after the other).

    Sentences and items may set `names in backticks` as code; a cell may hold several lines, or a picture.
    """

    title: str
    sentences: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[Content, ...], ...] = ()
    picture: str = ""
    items: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.sentences or self.rows or self.picture or self.items)

    @property
    def grid(self) -> Grid:
        return grid_of(self.header, self.rows)

    @property
    def markup(self) -> Markup:
        """The picture as it is; everything else of a section is escaped."""
        return Markup(self.picture)


def render_page(
    title: str,
    verdict: str,
    is_bad: bool,
    meta: str,
    sections: Sequence[Section],
    word: str | None = None,
    *,
    is_wide: bool = False,
) -> str:
    """One HTML document; `word` says in one word what the verdict's colour says, and empty sections are left out. A
    page that is wide takes more of a wide window, for a table of many columns.
    """
    word = word or ("ALERT" if is_bad else "OK")
    return ENVIRONMENT.get_template("page.html").render(
        title=title,
        word=word,
        verdict=verdict.removeprefix(f"{title}: ").removeprefix(f"{word}, "),
        is_bad=is_bad,
        meta=meta,
        sections=[section for section in sections if not section.is_empty],
        is_wide=is_wide,
        has_lineage=any('class="lineage"' in section.picture for section in sections),
    )


def coded(text: str) -> Markup:
    """Escaped text in which what stands in backticks is code.

    >>> str(coded("`a < b` & more"))
    '<code>a &lt; b</code> &amp; more'
    """
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


ENVIRONMENT.filters["coded"] = coded
