"""The demo's served days on a few aircraft: served right, nothing differs; served carelessly, each fault is named.

The store is materialised every night but one, whose day is served from the store of the night before.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.demo.flights import load_flights, package_files
from jobs.demo.model import DelayModel
from jobs.demo.nights import DAY, PUSHED_AT, nights_of, replay
from jobs.demo.predictions import model_of, offline_predictions, online_predictions
from jobs.demo.requests import write_requests
from jobs.demo.serving import LOG, MODEL, PLAN, REQUESTS, STORE
from skewless import OnlineStore, build_frame
from skewless.config import Configuration, LocalFiles, load
from skewless.lake.session import private_session
from skewless.parts.log import open_log
from skewless.runs.materialize.published import PublishedPlan
from skewless.serving.plan.document.layout import read_layout
from skewless.training_set.bind import bind
from skewless.training_set.opened import OpenedTrainingSet
from skewless.training_set.serving_document import serving_document
from tests.helpers.project import Project, Ran

ROOT = Path(__file__).parents[2]
START, SHIPPED, OFF, END = (datetime(2013, 7, day, tzinfo=timezone.utc) for day in (1, 4, 5, 7))
AIRCRAFT = 150  # of fewer, a day knows too few routes to tell a cause from chance
SCHEDULE = {"departure_hour", "departure_weekday", "is_weekend", "days_to_holiday", "scheduled_minutes"}
SCHEDULE |= {"scheduled_speed_mph"}
DELAY = {"aircraft__arr_delay", "aircraft_was_late"}
ROUTE = {"route__flights", "route__mean_arr_delay", "route__late_share"}


class Month:
    """Six days served and ingested; release 1.5.0 went out after three, and a night later nothing was materialised."""

    def __init__(self, project: Project) -> None:
        assert project.spark is not None
        self.project, self.spark = project, private_session(project.spark)
        self.place, self.log = project.root / "served", str(project.warehouse / "feature_log")
        self.settings = {"WAREHOUSE": str(project.warehouse)}
        self.opened: OpenedTrainingSet = bind(self.spark, self.configuration.training_set("flight_delay"))
        self.published: DataFrame = build_frame(project.spark, "flight_delay", settings=self.settings)
        self.requests = self._prepared()
        self._served()

    @property
    def configuration(self) -> Configuration:
        return load(LocalFiles(ROOT / "conf"), self.settings, {})

    def reconciled(self, start: datetime, end: datetime) -> Ran:
        span = ("--start", start.isoformat(), "--end", end.isoformat())
        return self.project.run("reconcile", "flight_delay", "--log", self.log, *span, "--json")

    def _prepared(self) -> int:
        self.place.mkdir()
        (self.place / PLAN).write_text(json.dumps(serving_document(self.opened, 0)))
        model_of(self.published, self.opened, until=START).save(self.place / MODEL)
        return write_requests(self.opened, START, END, self.place / REQUESTS)

    def _served(self) -> None:
        """In a process of its own, in a zone of its own."""
        layout = read_layout(serving_document(self.opened, 0))
        sources = {table.name: str(self.project.warehouse / table.table) for table in layout.tables}
        plan = PublishedPlan("flight_delay", 0, layout, sources)
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("PYTHONPATH", str(ROOT))
            patched.setenv("TZ", "Asia/Kathmandu")
            served = replay(
                self.spark,
                plan,
                self.place,
                nights_of(START, END),
                careless_from=SHIPPED,
                without=OFF + PUSHED_AT,
            )
        assert served == self.requests
        ran = self.project.run("ingest-log", str(self.place / LOG), "--to", self.log)
        assert ran.code == 0, ran.err


@pytest.fixture(scope="module")
def month(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Month:
    root = tmp_path_factory.mktemp("month")
    (root / "conf").symlink_to(ROOT / "conf")
    load_flights(spark, str(root / "warehouse"), some_aircraft(root / "files"))
    return Month(Project(root, spark))


def some_aircraft(directory: Path) -> Path:
    """The package's files with the flights of a few aircraft from May to July, and those of no known aircraft."""
    source = package_files()
    directory.mkdir()
    for name in ("airports.csv", "weather.csv", "planes.csv"):
        shutil.copy(source / name, directory / name)
    with zipfile.ZipFile(source / "flights.csv.zip") as archive:
        rows = list(csv.reader(io.TextIOWrapper(archive.open("flights.csv"), encoding="utf-8")))
    header, flights = rows[0], rows[1:]
    month, tail = header.index("month"), header.index("tailnum")
    summer = [flight for flight in flights if flight[month] in ("5", "6", "7")]
    tails = sorted({flight[tail] for flight in summer})
    chosen = {*tails[:: len(tails) // AIRCRAFT], "NA"}
    text = io.StringIO()
    csv.writer(text).writerows([header, *(flight for flight in summer if flight[tail] in chosen)])
    with zipfile.ZipFile(directory / "flights.csv.zip", "w") as archive:
        archive.writestr("flights.csv", text.getvalue())
    return directory


def test_a_month_served_from_the_exported_plan_agrees_with_training_in_every_value(month: Month) -> None:
    ran = month.reconciled(START, SHIPPED)
    assert ran.code == 0, ran.out
    features = ran.document["features"]
    assert {name: each["mismatched"] for name, each in features.items()} == dict.fromkeys(features, 0)
    assert all(each["compared"] == ran.document["rows"] for each in features.values())
    assert len(features) == len(month.opened.table_column_names) + len(month.opened.features.names)


def test_what_went_wrong_is_named_and_nothing_else_differs(month: Month) -> None:
    ran = month.reconciled(SHIPPED, END)
    assert ran.code == 4, ran.err
    differing = {name: each for name, each in ran.document["features"].items() if each["mismatched"]}
    known = {"departure_hour", "scheduled_minutes", *DELAY, *ROUTE}
    assert known <= differing.keys() <= known | SCHEDULE | {"route_usual_late_share"}
    hour, minutes = (differing[name] for name in ("departure_hour", "scheduled_minutes"))
    assert hour["cause"] == minutes["cause"] == "timezone_shift"
    assert "sched_dep_at America/New_York time read as UTC" in hour["detail"]
    delay = differing["aircraft__arr_delay"]
    assert (delay["cause"], delay["confidence"]) == ("null_handling", 1.0)
    assert differing["aircraft_was_late"]["cause"] in (
        "null_handling",
        "unknown",
    )  # by a few true/false values


def test_the_night_left_out_is_named_by_the_age_of_the_store_and_reaches_one_day(month: Month) -> None:
    until = OFF + PUSHED_AT + DAY
    for start, end, mismatched in (
        (SHIPPED, OFF + PUSHED_AT, 0),
        (until, END, 0),
        (OFF + PUSHED_AT, until, 1),
    ):
        features = month.reconciled(start, end).document["features"]
        assert {min(1, features[name]["mismatched"]) for name in ROUTE} == {mismatched}
    assert {features[name]["cause"] for name in ROUTE} == {"stale_value"}
    (detail,) = {features[name]["detail"] for name in ROUTE}
    assert re.fullmatch(r"route: the rows of the store, (2[4-9]|3\d|4[0-8])(\.\d)? hours old", detail)


def test_the_store_that_serves_the_last_day_is_that_of_the_last_night(month: Month) -> None:
    state = OnlineStore.open(f"sqlite:///{month.place / STORE}").state("flight_delay")
    assert state is not None
    assert {table.materialized_at for table in state.tables.values()} == {END - DAY + PUSHED_AT}


def test_a_range_without_a_record_is_refused_with_the_range(month: Month) -> None:
    later = datetime(2014, 7, 1, tzinfo=timezone.utc)
    ran = month.reconciled(later, datetime(2014, 8, 1, tzinfo=timezone.utc))
    assert (ran.code, ran.out) == (2, "")
    assert ran.problems == [
        "skewless: log: no record with T in [2014-07-01T00:00:00+00:00, 2014-08-01T00:00:00+00:00); "
        "give another range, or ingest what was logged then"
    ]


@pytest.fixture(scope="module")
def online(month: Month) -> pa.Table:
    log = open_log(month.spark, month.log, month.configuration)
    return online_predictions(log, month.opened).toArrow()


def test_careful_predictions_are_those_that_the_notebook_promised(month: Month, online: pa.Table) -> None:
    model = DelayModel.load(month.place / MODEL)
    offline = offline_predictions(month.published, month.opened, model, START, SHIPPED).toArrow()
    promised = {row["request_id"]: (row["score"], row["label"]) for row in offline.to_pylist()}
    served = {row["request_id"]: (row["score"], row["label"]) for row in online.to_pylist()}
    assert promised
    assert {name: served[name] for name in promised} == promised


def test_online_predictions_are_the_flights_that_arrived_with_all_that_was_logged(
    month: Month, online: pa.Table
) -> None:
    features = [*month.opened.table_column_names, *month.opened.features.names]
    keys = ["flight_id", "tailnum", "carrier", "origin", "dest", "predict_at"]
    assert {"score", "label", *keys, "request_id", *features} <= {*online.column_names}
    assert 0 < online.num_rows < month.requests
    assert online["label"].null_count == 0


def test_a_request_holds_nothing_that_is_known_only_afterwards(month: Month) -> None:
    with (month.place / REQUESTS).open() as lines:
        assert {name for each in map(json.loads, lines) for name in each} & {"late", "arrived_at"} == set()
