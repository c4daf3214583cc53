"""What a person reads of a rebuild: whether the rows are identical, of which inputs, and what became of them."""

from __future__ import annotations

from typing import Any

from skewless.runs.rebuild.summary import summary_of_rebuild

FACTS: dict[str, Any] = {
    "training_set": "delays",
    "version": 3,
    "run_id": "r9",
    "rows": 1200,
    "identical": True,
    "only_published": 0,
    "only_rebuilt": 0,
    "columns": [],
    "output": None,
    "rejected_path": None,
    "rebuild_of": "r1",
    "as_of": "2024-03-01T00:00:00+00:00",
    "start": None,
    "end": "2024-02-01T00:00:00+00:00",
    "inputs": {"labels": {"location": "lake.labels", "version": 7}},
    "gone": None,
    "skewless": None,
}
DIFFERS = {**FACTS, "identical": False, "only_published": 2, "only_rebuilt": 1000}


def test_identical_rows_are_told_with_run_range_and_inputs() -> None:
    assert summary_of_rebuild(FACTS).splitlines() == [
        "delays: version 3 rebuilt: identical, 1,200 rows, every value the same",
        "  of run        r1  as of 2024-03-01T00:00:00+00:00  T in […, 2024-02-01T00:00:00+00:00)",
        "  input         labels: version 7 of lake.labels",
    ]


def test_the_place_of_identical_rows_is_told() -> None:
    assert summary_of_rebuild({**FACTS, "output": "/lake/x"}).endswith("\n  output        /lake/x")


def test_rows_that_differ_are_told_first_with_columns_and_how_to_keep_them() -> None:
    first, *_, last = summary_of_rebuild({**DIFFERS, "columns": ["a", "b"]}).splitlines()
    assert first == (
        "delays: version 3 DIFFERS when rebuilt: of 1,200 rows 2 are only published, 1,000 are only rebuilt, "
        "in columns a, b"
    )
    assert last == "  output        nothing is kept; with --output PATH the rebuilt rows are kept beside it"


def test_rows_that_are_kept_are_told_with_their_place() -> None:
    last = summary_of_rebuild({**DIFFERS, "rejected_path": "/lake/x_rejected/r9"}).splitlines()[-1]
    assert last == "  output        nothing published; the rebuilt rows are kept in /lake/x_rejected/r9"


def test_a_checksum_alone_counts_no_rows() -> None:
    told = {**DIFFERS, "only_published": None, "only_rebuilt": None, "gone": "file f is gone"}
    text = summary_of_rebuild(told)
    assert text.startswith("delays: version 3 DIFFERS when rebuilt: 1,200 rows of another checksum\n")
    assert (
        "the checksum that the manifest keeps, since the version can no longer be read: file f is gone"
        in text
    )


def test_another_skewless_is_a_warning() -> None:
    text = summary_of_rebuild({**FACTS, "skewless": ["0.1.0", "0.2.0"]})
    assert "  warning       built by skewless 0.1.0, rebuilt by 0.2.0" in text
