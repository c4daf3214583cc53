"""What a person reads of a rebuild: whether the rows are identical, of which inputs, and what became of them."""

from __future__ import annotations

from dataclasses import replace

from skewless.ground.version import package_version
from skewless.parts.publish import Difference, Manifest
from skewless.runs.rebuild.rebuild import Rebuilt
from skewless.runs.rebuild.summary import summary_of_rebuild
from skewless.training_set.recorded import Recorded
from tests.runs.build.told.test_summary import MANIFEST

OF: Manifest = {
    **MANIFEST,
    "skewless": package_version(),
    "end": "2024-02-01T00:00:00+00:00",
    "inputs": {"labels": {"location": "lake.labels", "version": 7}},
}
IDENTICAL = Rebuilt(Recorded(3, OF), "r9", True, "c", None)
DIFFERS = replace(IDENTICAL, identical=False, difference=Difference(2, 1000, ()))


def test_identical_rows_are_told_with_run_range_and_inputs() -> None:
    assert summary_of_rebuild(IDENTICAL).splitlines() == [
        "delays: version 3 rebuilt: identical, 1,200 rows, every value the same",
        "  of run        r1  as of 2024-03-01T00:00:00+00:00  T in [the beginning, 2024-02-01T00:00:00+00:00)",
        "  input         labels: version 7 of lake.labels",
    ]


def test_the_place_of_identical_rows_is_told() -> None:
    assert summary_of_rebuild(replace(IDENTICAL, output="/lake/x")).endswith("\n  output        /lake/x")


def test_rows_that_differ_are_told_first_with_columns_and_how_to_keep_them() -> None:
    first, *_, last = summary_of_rebuild(
        replace(DIFFERS, difference=Difference(2, 1000, ("a", "b")))
    ).splitlines()
    assert first == (
        "delays: version 3 DIFFERS when rebuilt: of 1,200 rows 2 are only published, 1,000 are only rebuilt, "
        "in columns a, b"
    )
    assert last == "  output        nothing is kept; with --output PATH the rebuilt rows are kept beside it"


def test_rows_that_are_kept_are_told_with_their_place() -> None:
    last = summary_of_rebuild(replace(DIFFERS, rejected_path="/lake/x_rejected/r9")).splitlines()[-1]
    assert last == "  output        nothing published; the rebuilt rows are kept in /lake/x_rejected/r9"


def test_a_checksum_alone_counts_no_rows() -> None:
    text = summary_of_rebuild(replace(DIFFERS, difference=None, gone="file f is gone"))
    assert text.startswith("delays: version 3 DIFFERS when rebuilt: 1,200 rows of another checksum\n")
    assert (
        "the checksum that the manifest keeps, since the version can no longer be read: file f is gone"
        in text
    )


def test_another_skewless_is_a_warning() -> None:
    older = Recorded(3, {**OF, "skewless": "0.0.9"})
    text = summary_of_rebuild(replace(IDENTICAL, recorded=older))
    assert f"  warning       built by skewless 0.0.9, rebuilt by {package_version()}" in text
