"""A feature function's docstring, read: its first line, who answers for it, and the text that a reader wants."""

from __future__ import annotations

OWNER_LINE = "Owner:"


def summary(docstring: str) -> str:
    """The first line, "" of an empty docstring."""
    return next(iter(docstring.strip().splitlines()), "")


def owner_in(docstring: str) -> str:
    r"""Whom a line `Owner: …` names, "" where there is none.

    >>> owner_in("Kilometres per hour.\n\n    Owner: fleet team")
    'fleet team'
    """
    lines = (line.strip() for line in docstring.splitlines())
    return next((line.removeprefix(OWNER_LINE).strip() for line in lines if line.startswith(OWNER_LINE)), "")


def paragraphs(docstring: str) -> str:
    r"""The text without the owner, a line a paragraph: how the source breaks its lines is none of a reader's business.

    >>> paragraphs("Kilometres\n    per hour.\n\n    Null at rest.\n\n    Owner: fleet team\n    ")
    'Kilometres per hour.\nNull at rest.'
    """
    kept = [line.strip() for line in docstring.splitlines() if not line.strip().startswith(OWNER_LINE)]
    blocks = "\n".join(kept).split("\n\n")
    return "\n".join(text for block in blocks if (text := " ".join(block.split())))
