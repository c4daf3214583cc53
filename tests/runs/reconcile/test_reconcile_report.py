"""What a page says of a reconciliation: days as a picture where there are enough, other groups as sentences."""

from __future__ import annotations

from typing import Any

from skewless.runs.reconcile.report import render_reconciliation

HOSTS = {"web-0": (60, 9), "web-1": (30, 0)}


def facts(days: dict[str, tuple[int, int]]) -> dict[str, Any]:
    speed: dict[str, Any] = {
        "name": "speed",
        "compared": 90,
        "mismatched": 9,
        "mismatch_rate": 0.1,
        "interval": (0.05, 0.18),
        "cause": "stale_value",
        "confidence": 1.0,
        "detail": "the row before",
        "alert": True,
        "logged_null": 0,
        "recomputed_null": 0,
        "differences": None,
        "trends": {"day": days, "host": HOSTS},
        "examples": [{"record": "T = now", "logged": "1", "recomputed": "2", "rows": ["one", "two"]}],
    }
    return {
        "training_set": "delays",
        "rows": 90,
        "span": None,
        "unmatched": 0,
        "unknown_names": [],
        "details": [speed],
    }


DAYS = {
    "2024-03-03": (30, 3),
    "2024-03-01": (30, 0),
    "2024-03-02": (30, 6),
    "null": (1, 1),
    "2024-03-04": (0, 0),
}


def test_the_rate_by_day_is_a_picture_in_the_order_of_days() -> None:
    page = render_reconciliation(facts(DAYS))
    told = (
        "Mismatches by day from 2024-03-01 to 2024-03-03: speed starts at 0.0%, ends at 10.0%, at most 20.0%"
    )
    assert f'aria-label="{told}"' in page
    assert "By day:" not in page
    assert "By host: web-0 15.00% of 60, web-1 0.00% of 30." in page


def test_two_days_are_a_sentence() -> None:
    page = render_reconciliation(facts(dict(list(DAYS.items())[:2])))
    assert "By day: 2024-03-03 10.00% of 30, 2024-03-01 0.00% of 30." in page
    assert "<svg" not in page


def test_the_rows_behind_an_example_are_a_line_each() -> None:
    assert ">one\ntwo</td>" in render_reconciliation(facts({}))
