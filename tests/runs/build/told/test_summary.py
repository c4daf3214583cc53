"""What a person reads of a build: the verdict first, then what was left out and why."""

from __future__ import annotations

from skewless.ground.run.manifest import AuditCounts, Manifest, ValueDifference
from skewless.parts.publish import Published
from skewless.runs.build.outcome import Outcome
from skewless.runs.build.told.report import render_build
from skewless.runs.build.told.summary import summary_of_build
from skewless.runs.published.summary import summary_of_versions

MANIFEST: Manifest = {
    "training_set": "delays",
    "run_id": "r1",
    "rows": 1200,
    "columns": ["k", "t", "y", "event_date"],
    "strategy": "one",
    "skewless": "0.1.0",
    "inputs": {"labels.source": {"location": "/lake/l", "version": 3}},
    "features": {"speed": "float"},
    "feature_tables": {
        "weather": {"version": 7, "rows_read": 5000, "null_rows": 2, "match_rate": 0.5, "at_t": 3},
        "empty": {"version": 0, "rows_read": 0, "null_rows": 0, "match_rate": None, "at_t": 0},
    },
    "read": {
        "weather": {"files": 3, "of_files": 12, "bytes": 1_500_000, "of_bytes": 6_000_000},
        "empty": {"files": 0, "of_files": 0, "bytes": 0, "of_bytes": 0},
    },
    "parity": None,
    "audit": None,
    "failed": {"speed": 3},
    "expectations": {"evaluated": 2, "failed": 0},
    "as_of": "2024-03-01T00:00:00+00:00",
    "start": None,
    "end": None,
    "label_events": {
        "in_range": 1300,
        "left_out": {"where": 90, "outcome not known at --as-of": 10},
        "null_times": 0,
    },
    "warnings": ["feature table 'weather': rows can leak"],
    "repeated_keys": {"planes": 4},
    "failures": [],
    "spec": {"training_set": {"output": "/warehouse/delays", "labels": {"where": "y IS NOT NULL"}}},
}
FAILED: Manifest = {
    **MANIFEST,
    "expectations": {"evaluated": 2, "failed": 1},
    "failures": [
        {
            "text": "expect_x(column='<b>'): 4 of 1,200 rows",
            "severity": "critical",
            "columns": ["fare"],
            "rows": [{"key": "k=<i>7", "values": "fare=-999"}],
            "values": [{"value": "fare=-999", "count": 3}, {"value": "fare=null", "count": 1}],
            "spread": "2 different values",
        },
    ],
}
PUBLISHED = Outcome(MANIFEST, 3)
REFUSED = Outcome(FAILED, rejected_path="/warehouse/delays_rejected/r1")


def test_the_verdict_stands_first() -> None:
    first = summary_of_build(PUBLISHED).splitlines()[0]
    assert first == "delays: published version 3: 1,200 label events, each exactly once, 4 columns"


def test_a_refusal_says_where_the_rows_are_what_failed_and_which_rows_break_it() -> None:
    first, *rest = summary_of_build(REFUSED).splitlines()
    assert "REFUSED, nothing published" in first
    assert "/warehouse/delays_rejected/r1" in first
    assert "expect_x" in "\n".join(rest)
    assert "1 of 2 hold" in "\n".join(rest)


def test_values_that_break_an_expectation_stand_on_a_terminal_only_where_asked_and_in_the_report_always() -> (
    None
):
    shared, asked, page = (
        summary_of_build(REFUSED),
        summary_of_build(REFUSED, show_rows=True),
        render_build(REFUSED),
    )
    assert "fare where k=<i>7" in shared
    assert "2 different values: --show-rows, and the report, say which" in shared
    assert "-999" not in shared
    assert "fare=-999 where k=<i>7" in asked
    assert "2 different values: fare=-999: 3 rows; fare=null: 1 rows" in asked
    for part in ("k=&lt;i&gt;7: fare=-999", "fare=-999: 3 rows", "fare=null: 1 rows"):
        assert part in page


def test_what_was_left_out_is_counted_with_its_reason() -> None:
    lines = [line.strip() for line in summary_of_build(PUBLISHED).splitlines() if "left out" in line]
    assert len(lines) == 2
    assert "90 label events" in lines[0]
    assert "y IS NOT NULL" in lines[0]
    assert "10 label events: outcome not known at --as-of" in lines[1]


def test_tables_have_version_files_and_bytes_read_and_share_matched_and_none_of_no_label_events() -> None:
    text = summary_of_build(PUBLISHED)
    [weather] = [line.split() for line in text.splitlines() if line.strip().startswith("weather")]
    assert weather == ["weather", "7", "5,000", "2", "3/12", "1.5/6.0", "50.0%", "3"]
    [empty] = [line.split() for line in text.splitlines() if line.strip().startswith("empty")]
    assert empty == ["empty", "0", "0", "0", "0/0", "0.0/0.0", "-", "0"]


def test_warnings_and_repeated_static_keys_are_told() -> None:
    text = summary_of_build(PUBLISHED)
    assert "rows can leak" in text
    assert "'planes': 4 rows beside another of the same key" in text


def test_features_that_are_null_where_they_fail_are_counted() -> None:
    assert "feature 'speed': failed on 3 label events and is null there" in summary_of_build(PUBLISHED)


AUDIT: AuditCounts = {"bound": 0.00299, "by_chance": 1000, "left_out": 0, "differences": []}
DIFFERENCE: ValueDifference = {
    "column": "orders__amount",
    "published": "3",
    "served": "<b>4",
    "label_event": "k=7",
    "inputs": "n=1",
    "rows": ["at=1, amount=3"],
}


def test_an_audit_without_difference_is_told_with_what_it_proves() -> None:
    built = Outcome({**MANIFEST, "parity": {"rows": 1040, "mismatches": 0}, "audit": AUDIT}, 3)
    (line,) = [line.strip() for line in summary_of_build(built).splitlines() if "parity" in line]
    assert line == (
        "parity        1,040 label events replayed through serving, no difference in 1,000 chosen by hash: "
        "under 0.30% of rows, 95% confidence"
    )


def test_a_difference_is_told_with_both_values_inputs_and_rows() -> None:
    audit: AuditCounts = {**AUDIT, "bound": None, "left_out": 2, "differences": [DIFFERENCE]}
    refused: Manifest = {**MANIFEST, "parity": {"rows": 1040, "mismatches": 5}, "audit": audit}
    text = summary_of_build(Outcome(refused, rejected_path="/rejected"))
    assert "5 of 1,040 label events replayed through serving differ; 2 left out" in text
    for part in ("orders__amount: published 3, serving <b>4", "k=7", "inputs n=1", "row at=1, amount=3"):
        assert part in text
    page = render_build(Outcome(refused, rejected_path="/rejected"))
    assert ">&lt;b&gt;4</td>" in page
    listed = summary_of_versions("delays", [], [refused])
    assert "5 of 1,040 label events" in listed


def test_a_range_is_told() -> None:
    ranged = Outcome({**MANIFEST, "start": "2024-01-01T00:00:00+00:00"}, 3)
    assert "T in [2024-01-01T00:00:00+00:00, the end)" in summary_of_build(ranged)


def test_the_report_escapes_what_comes_from_the_rows() -> None:
    page = render_build(REFUSED)
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert "<i>7" not in page


def test_the_report_of_every_outcome_is_a_whole_page() -> None:
    for built in (PUBLISHED, REFUSED, Outcome({**MANIFEST, "expectations": None}, 0)):
        page = render_build(built)
        assert page.startswith("<!DOCTYPE html>")
        assert page.rstrip().endswith("</html>")


def test_what_refused_the_rows_stands_before_what_they_were_made_of() -> None:
    refused, published = render_build(REFUSED), render_build(PUBLISHED)
    assert (
        refused.index("<h2>Expectations") < refused.index("<h2>Left out") < refused.index("<h2>Joined tables")
    )
    assert (
        published.index("<h2>Left out") < published.index("<h2>Joined tables") < published.index("<h2>Expect")
    )


def test_the_page_says_once_what_became_of_the_rows() -> None:
    assert "<strong>REFUSED</strong> <span>nothing published: 1,200 label events" in render_build(REFUSED)
    assert "<strong>OK</strong> <span>published version 3: 1,200 label events" in render_build(PUBLISHED)


def test_match_rates_are_drawn_for_tables_that_have_one() -> None:
    assert 'aria-label="Label events matched: weather 50.0%"' in render_build(PUBLISHED)


def test_versions_and_refused_runs_are_a_line_each() -> None:
    failed: Manifest = {**FAILED, "run_id": "r2"}
    stood = [Published(3, MANIFEST).numbered]
    first, published, refused = summary_of_versions("delays", stood, [failed]).splitlines()
    assert first == "delays: 1 versions, 1 refused runs"
    assert "version 3" in published
    assert "r1" in published
    assert "r2" in refused
    assert "expect_x" in refused


def test_j2_label_events_that_joined_a_row_of_exactly_t_are_told_with_the_remedy() -> None:
    (line,) = [line for line in summary_of_build(PUBLISHED).splitlines() if "exactly T" in line]
    assert line.split(None, 1)[1] == (
        "feature table 'weather': 3 label events joined a row of exactly T, which may be what they wrote themselves, "
        "outcome included: strict: true leaves such rows out, a delay says how long serving waits for them"
    )
    assert "3 label events joined a row of exactly T" in render_build(PUBLISHED)
