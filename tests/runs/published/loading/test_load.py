"""`skewless.load`: a published training set read without Spark, by name or path, in ranges and splits of T."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

import skewless
from skewless import InputError
from skewless.ground.run.commits import MANIFESTS, file_name, text_of
from skewless.runs.published.loading.loaded import LoadedTrainingSet
from tests.helpers.published import NAME, manifest_of, publish

MINUTE = timedelta(minutes=1)
ROOT = Path(__file__).parents[4]


def utc(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2024, 3, day, hour, minute, tzinfo=timezone.utc)


ROWS = [
    # id, T, known_at, late, weather__temp, is_hot
    (1, utc(1), utc(2), 1, 20.0, False),
    (2, utc(2) - MINUTE, utc(4), 0, 31.0, True),
    (3, utc(2), utc(3), 0, None, None),
    (4, utc(3), utc(3, 1), 1, 33.0, True),
    (5, utc(4), None, 1, 12.0, False),
    (6, None, utc(1), 0, None, None),
]
COLUMNS = ["id", "predict_at", "known_at", "late", "weather__temp", "is_hot", "event_date"]


def table_of(rows: list[tuple[Any, ...]], time_type: pa.DataType = None) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * 6
    instant = pa.timestamp("us", "UTC")
    dates = [None if t is None else t.date() if isinstance(t, datetime) else t for t in columns[1]]
    kinds = [pa.int64(), time_type or instant, instant, pa.int32(), pa.float64(), pa.bool_(), pa.date32()]
    arrays = [pa.array(cells, kind) for cells, kind in zip([*columns, dates], kinds, strict=True)]
    return pa.table(arrays, names=COLUMNS)


MANIFEST = manifest_of(COLUMNS, event_timestamp="predict_at", label_available_at="known_at", timezone=None)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions: the first without the last two rows."""
    path = tmp_path_factory.mktemp("warehouse") / NAME
    publish(path, table_of(ROWS[:4]), {**MANIFEST, "run_id": "first"})
    publish(path, table_of(ROWS), {**MANIFEST, "run_id": "second"})
    return path


def ids(loaded: LoadedTrainingSet) -> list[int]:
    return sorted(loaded.to_arrow()["id"].to_pylist())


def refused(call: Callable[[], object]) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        call()
    return caught.value.problems


def test_the_newest_version_is_read_whole(published: Path) -> None:
    loaded = skewless.load(published)
    assert loaded.to_arrow().sort_by("id").equals(table_of(ROWS))
    assert (loaded.name, loaded.version, loaded.manifest["run_id"], loaded.manifest["version"]) == (
        NAME,
        1,
        "second",
        1,
    )
    assert (loaded.features, loaded.labels) == (["weather__temp", "is_hot"], ["late"])
    frame = loaded.to_pandas()
    assert frame[loaded.features].shape == (6, 2)
    assert len(loaded) == 6


def test_an_older_version_is_read_by_its_number(published: Path) -> None:
    loaded = skewless.load(published, version=0)
    assert ids(loaded) == [1, 2, 3, 4]
    assert loaded.manifest["run_id"] == "first"


def test_a_name_is_looked_up_in_the_configuration(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = tmp_path / "conf" / "training_sets"
    conf.mkdir(parents=True)
    conf.joinpath(f"{NAME}.yml").write_text(f"name: {NAME}\noutput: ${{PLACE}}/{NAME}\n")
    conf.joinpath("other.yml").write_text(f"name: other\noutput: {published}\n")
    conf.joinpath("listed.yml").write_text("name: listed\noutput: lake.listed\n")
    conf.joinpath("unbuilt.yml").write_text(f"name: unbuilt\noutput: {tmp_path}/unbuilt\n")
    monkeypatch.setenv("PLACE", str(published.parent))
    assert ids(skewless.load(NAME, conf_dir=conf.parent, end=utc(2))) == [1, 2]
    monkeypatch.chdir(tmp_path)
    assert refused(lambda: skewless.load("late_flight")) == (
        "conf/training_sets: no training set 'late_flight'; did you mean 'late_flights'?",
    )
    assert refused(lambda: skewless.load("other")) == (
        f"output '{published}' holds training set '{NAME}', not 'other'; give its path",
    )
    assert refused(lambda: skewless.load("listed")) == (
        "training set 'listed': its output 'lake.listed' is a name in a catalog of Spark; give the path of the table",
    )
    assert refused(lambda: skewless.load("unbuilt")) == (
        f"training set 'unbuilt': nothing is published in {tmp_path}/unbuilt; build it first",
    )


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (utc(1), utc(2), [1, 2]),
        (utc(1) + MINUTE, None, [2, 3, 4, 5]),
        (None, utc(2) + MINUTE, [1, 2, 3]),
        ("2024-03-02", date(2024, 3, 4), [3, 4]),
        ("2024-03-01T19:00:00-05:00", datetime(2024, 3, 3), [3]),
        (utc(9), None, []),
    ],
)
def test_a_range_of_t_is_half_open_and_holds_no_null(
    published: Path, start: Any, end: Any, expected: list[int]
) -> None:
    loaded = skewless.load(published, start=start, end=end)
    assert ids(loaded) == expected
    assert loaded.without_times == 1


def test_columns_are_given_in_their_order_and_others_are_refused(published: Path) -> None:
    loaded = skewless.load(published, columns=["is_hot", "id"], start=utc(4))
    assert loaded.to_arrow().to_pydict() == {"is_hot": [False], "id": [5]}
    assert (loaded.features, loaded.labels) == (["is_hot"], [])
    assert refused(lambda: skewless.load(published, columns=["is_hott", "_"])) == (
        f"training set '{NAME}': no column 'is_hott'; did you mean 'is_hot'?",
        f"training set '{NAME}': no column '_'; it has {', '.join(COLUMNS)}",
    )


def test_a_split_keeps_outcomes_that_were_not_known_out_of_training(published: Path) -> None:
    split = skewless.load(published, columns=["id"]).split(at=utc(3))
    train, test = split
    # Row 2 is early enough, and its outcome came the day after; row 3 was known at the very moment of the cut.
    assert (ids(train), ids(test)) == ([1, 3], [4, 5])
    assert split.left_out == {"embargo": 0, "unknown_outcome": 1, "without_times": 1}
    assert str(split) == (
        f"split of {NAME} at 2024-03-03T00:00:00+00:00: 2 rows to train on, 2 to test on; "
        "left out: 1 whose outcome was not known then, 1 without a T"
    )


def test_an_embargo_leaves_out_what_is_near_the_cut(published: Path) -> None:
    split = skewless.load(published).split(at="2024-03-03", embargo="1d")
    assert (ids(split.train), ids(split.test)) == ([1], [4, 5])
    assert split.left_out == {"embargo": 1, "unknown_outcome": 1, "without_times": 1}


def test_a_split_without_a_time_of_the_outcome_goes_by_t(tmp_path: Path) -> None:
    labels = {"event_timestamp": "Predict_At", "timezone": None}  # as Spark, whatever its case
    publish(tmp_path / NAME, table_of(ROWS), manifest_of(COLUMNS, **labels))
    split = skewless.load(tmp_path / NAME).split(at=utc(3))
    assert ids(split.train) == [1, 2, 3]


def test_dates_are_midnight_of_the_declared_zone(tmp_path: Path) -> None:
    """Midnight of 2 March in New York is 05:00 UTC."""
    labels = {"event_timestamp": "predict_at", "timezone": "America/New_York"}
    rows = [(1, date(2024, 3, 1), None, 1, 1.0, True), (2, date(2024, 3, 2), None, 1, 1.0, True)]
    publish(tmp_path / NAME, table_of(rows, pa.date32()), manifest_of(COLUMNS, **labels))
    loaded = skewless.load(tmp_path / NAME, start=utc(2), end=utc(2, 5))
    assert ids(loaded) == []
    assert ids(skewless.load(tmp_path / NAME, start=utc(2), end=utc(2, 5, 1))) == [2]
    assert ids(skewless.load(tmp_path / NAME).split(at=utc(2, 5)).test) == [2]


def test_clock_times_in_the_gap_and_in_the_fold_are_read_by_the_rule(tmp_path: Path) -> None:
    """02:30 of 10 March is no time in New York: 03:30 there, 07:30 UTC. 01:30 of 3 November comes twice: 05:30 UTC."""
    labels = {"event_timestamp": "predict_at", "timezone": "America/New_York"}
    gap, fold = datetime(2024, 3, 10, 2, 30), datetime(2024, 11, 3, 1, 30)
    rows = [(1, gap, None, 1, 1.0, True), (2, fold, None, 1, 1.0, True)]
    publish(tmp_path / NAME, table_of(rows, pa.timestamp("us")), manifest_of(COLUMNS, **labels))
    in_gap, in_fold = utc(10, 7, 30), datetime(2024, 11, 3, 5, 30, tzinfo=timezone.utc)
    for number, moment in ((1, in_gap), (2, in_fold)):
        assert ids(skewless.load(tmp_path / NAME, start=moment, end=moment + MINUTE)) == [number]


def test_what_is_no_training_set_is_refused(published: Path, tmp_path: Path) -> None:
    write_deltalake(str(tmp_path / "other"), pa.table({"a": [1]}))
    assert refused(lambda: skewless.load(tmp_path / "other")) == (
        f"'{tmp_path}/other' holds a table that is no training set of skewless; give one that skewless built",
    )
    assert refused(lambda: skewless.load(f"{tmp_path}/nowhere")) == (
        f"'{tmp_path}/nowhere': there is no Delta table; give the path of a table",
    )
    assert refused(lambda: skewless.load(published, version=7)) == (
        f"training set '{NAME}': no version 7 of skewless; there are 0, 1",
    )


def test_arguments_are_refused_together(published: Path) -> None:
    given: Any = {"version": "1", "start": "spring", "end": 3, "columns": "id"}
    assert refused(lambda: skewless.load(published, **given)) == (
        "version: expected the number of a version, found '1'",
        "columns: expected a list of names, found str",
        "start: 'spring' is no date and no ISO timestamp; write 2024-06-01, or 2024-06-01T12:00:00Z",
        "end: expected a datetime, a date or an ISO text, found int",
    )
    assert refused(lambda: skewless.load(published, start=utc(2), end=utc(2)))
    assert refused(lambda: skewless.load(published, columns=[]))
    bad: Any = {"at": None, "embargo": "7"}
    assert refused(lambda: skewless.load(published).split(**bad))[0].startswith("embargo: '7' has no unit")


def test_a_commit_that_moves_rows_has_the_manifest_of_the_build_before_it(tmp_path: Path) -> None:
    publish(tmp_path / NAME, table_of(ROWS), {**MANIFEST, "run_id": "built"})
    publish(tmp_path / NAME, table_of(ROWS), None)
    loaded = skewless.load(tmp_path / NAME)
    assert (loaded.version, loaded.manifest["version"], loaded.manifest["run_id"]) == (1, 0, "built")


def test_a_restored_version_has_its_own_manifest(tmp_path: Path) -> None:
    publish(tmp_path / NAME, table_of(ROWS[:4]), {**MANIFEST, "run_id": "first"})
    publish(tmp_path / NAME, table_of(ROWS), {**MANIFEST, "run_id": "second"})
    DeltaTable(str(tmp_path / NAME)).restore(0)
    loaded = skewless.load(tmp_path / NAME)
    assert (ids(loaded), loaded.manifest["run_id"]) == ([1, 2, 3, 4], "first")


def test_the_manifest_beside_the_table_serves_where_the_log_has_forgotten(tmp_path: Path) -> None:
    path = tmp_path / NAME
    publish(path, table_of(ROWS), MANIFEST)
    beside = path / MANIFESTS / file_name(0)
    beside.parent.mkdir(parents=True)
    beside.write_text(text_of({**MANIFEST, "run_id": "kept"}))
    publish(path, table_of(ROWS), None)
    DeltaTable(str(path)).create_checkpoint()
    (path / "_delta_log" / file_name(0)).unlink()
    assert skewless.load(path).manifest["run_id"] == "kept"
    beside.write_text("{")
    assert refused(lambda: skewless.load(path))[0].startswith(
        f"manifest {MANIFESTS}/{file_name(0)}: cannot be read"
    )


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    publish(tmp_path / NAME, table_of(ROWS), MANIFEST)
    for file in (tmp_path / NAME).rglob("*.parquet"):
        file.unlink()
    loaded = skewless.load(tmp_path / NAME)
    assert refused(loaded.to_arrow)[0].startswith(f"table '{tmp_path}/{NAME}': its rows cannot be read: ")


@pytest.mark.parametrize("package", ["deltalake", "yaml"])
def test_a_package_that_is_missing_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import sys; sys.modules[sys.argv[1]] = None; import skewless\n"
        "try: skewless.load('flight_delay') if sys.argv[1] == 'yaml' else skewless.load('/nowhere')\n"
        "except skewless.InputError as error: print(error)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, package], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert ran.stdout == f"load: {package} is not installed; pip install 'skewless[read]'\n"


def test_neither_pyspark_nor_a_jvm_is_touched(published: Path) -> None:
    program = (
        "import sys, skewless; loaded = skewless.load(sys.argv[1], start='2024-03-02'); loaded.to_pandas()\n"
        "loaded.split(at='2024-03-03'); print(loaded.features, len(loaded))\n"
        "print({name.partition('.')[0] for name in sys.modules} & {'pyspark', 'py4j', 'delta'})"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(published)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert ran.stdout == "['weather__temp', 'is_hot'] 3\nset()\n"
