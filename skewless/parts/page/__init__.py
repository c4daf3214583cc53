"""Sections, tables and pictures → one HTML file that needs no network."""

from skewless.parts.page.page import Section, render_page

__all__ = ["Section", "render_page"]
