"""What a person reads of scored entities: where they are and by which definition, or why they were refused."""

from __future__ import annotations

from dataclasses import replace

from skewless.ground.run.manifest import ScoresManifest
from skewless.runs.score.score import Scored
from skewless.runs.score.summary import summary_of_scores
from tests.runs.build.told.test_summary import AUDIT

OF: ScoresManifest = {
    "training_set": "delays",
    "run_id": "r7",
    "rows": 1200,
    "columns": ["flight", "predict_at", "is_hot", "event_date"],
    "strategy": "none",
    "feature_tables": {},
    "parity": {"rows": 20, "mismatches": 1},
    "skewless": "0.1.0",
    "inputs": {"entities": {"location": "/lake/flights", "version": 4}},
    "features": {"is_hot": "bool"},
    "failed": {"is_hot": 3},
    "audit": AUDIT,
    "read": {},
    "warnings": ["rows have a T after now"],
    "repeated_keys": {"planes": 2},
    "definition": {"location": "/lake/delays", "version": 3, "run_id": "r1", "fingerprint": "f"},
    "event_timestamp": "predict_at",
    "at": None,
    "feature_fingerprints": {"is_hot": "g"},
    "started_at": "2024-03-01T00:00:00+00:00",
    "ended_at": "2024-03-01T00:01:00+00:00",
    "seconds": 60.0,
    "steps": [],
    "spark": {"version": "4.1.4", "application_id": "a"},
}


def test_where_the_rows_are_is_told_with_what_is_to_be_known() -> None:
    made: ScoresManifest = {**OF, "parity": None, "audit": None, "at": "2024-03-01T00:00:00+00:00"}
    assert summary_of_scores(Scored(made, "/lake/scores", 5)).splitlines() == [
        "delays: scored by version 3: 1,200 rows, each exactly once, 4 columns",
        "  entities      /lake/flights, version 4",
        "  as of         2024-03-01T00:00:00+00:00",
        "  output        /lake/scores, version 5",
        "  warning       rows have a T after now",
        "  warning       feature table 'planes': 2 rows beside another of the same key; the greatest is used",
        "  warning       feature 'is_hot': failed on 3 rows and is null there (on_error=null)",
    ]


def test_rows_that_the_audit_refuses_are_told_first() -> None:
    refused = Scored(OF, "/lake/scores", rejected_path="/lake/scores_rejected/r7")
    first, _, as_of, parity, *_ = summary_of_scores(refused).splitlines()
    assert first == (
        "delays: REFUSED, nothing published: 1,200 rows, each exactly once, 4 columns; the rows are kept in "
        "/lake/scores_rejected/r7"
    )
    assert as_of == "  as of         column predict_at of the entities"
    assert parity.startswith("  parity        1 of 20 rows replayed through serving differ")
    assert refused.to_json()["status"] == "rejected"
    assert replace(refused, rejected_path=None).to_json()["status"] == "published"
