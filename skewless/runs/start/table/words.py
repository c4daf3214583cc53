"""What the name of a column suggests. Names only order what the rows allow; nothing is taken by its name alone."""

from __future__ import annotations

import re


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


IDS = _set(
    """
    id ids key code uuid guid no num nr number sku isbn ean iban
    """
)
ENTITIES = _set(
    """
    user customer client account member person patient player student employee agent contact visitor
    session device sensor machine host server vehicle car truck plane aircraft tail flight shop
    store branch warehouse product item article listing merchant seller vendor supplier brand order
    invoice card airport origin dest destination carrier airline route station stop line city
    country region state zip postcode location place symbol ticker currency team game match author
    artist title url domain ip email phone driver rider campaign ad keyword page hotel room property
    borrower loan policy
    """
)
"""Nouns that things of interest go by, where they end a name."""

HAPPENED = _set(
    """
    event occurred happened observed measured ordered purchased bought clicked viewed placed created
    started timestamp ts time datetime when date day effective since asof predict predicted scored
    requested paid called opened departed sent issued
    """
)
SERVED = _set(
    """
    available availability landed ingest ingested ingestion load loaded receive received arrived arrival
    inserted processed written synced published extracted exported imported known recorded committed
    stored updated modified etl
    """
)
"""What is said of the moment at which a row could first be read."""

UNTIL = _set(
    """
    until to end ends ended expires expired expiry replaced superseded closed thru through
    """
)
OUTCOMES = _set(
    """
    label labels target outcome y late churn churned fraud fraudulent default defaulted converted
    conversion clicked bought purchased cancelled canceled returned response won success positive
    class result
    """
)
"""What is learned, in the words of those who learn it."""


def words_of(name: str) -> list[str]:
    """The words of a name, folded.

    >>> words_of("userId"), words_of("valid_to"), words_of("TAIL_NUM")
    (['user', 'id'], ['valid', 'to'], ['tail', 'num'])
    """
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)]


LIKE_AN_ID = 2


def key_score(name: str) -> int:
    """How much a name looks like that of a key: 2 like an id, 1 like a thing, 0 like neither.

    >>> key_score("customer_id"), key_score("tailnum"), key_score("origin"), key_score("temp")
    (2, 2, 1, 0)
    """
    words = words_of(name) or [""]
    if words[-1] in IDS or words[-1].endswith(("num", "uuid", "code")):
        return LIKE_AN_ID
    return int(words[-1] in ENTITIES)


def says(name: str, words: frozenset[str]) -> bool:
    return bool(words & set(words_of(name)))
