"""What is drafted of rows and names alone, without Spark."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from skewless.ground.errors import InputError
from skewless.runs.start.table.command import drafted_text
from skewless.runs.start.table.look import look_at
from skewless.runs.start.table.reading import LookedAt
from tests.helpers.project import Project

HOUR = timedelta(hours=1)
START = datetime(2024, 1, 1, tzinfo=timezone.utc)
NOW = 1_800_000_000_000_000
ARROW = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
    "timestamp_ntz": pa.timestamp("us"),
    "array<int>": pa.bool_(),
    "interval day": pa.bool_(),
}
Columns = Mapping[str, tuple[str, list[Any]]]


def look(columns: Columns, total: int | None = None) -> LookedAt:
    """Rows that were read: column → its type as Spark spells it, and values."""
    values = pa.table({name: pa.array(rows, ARROW[kind]) for name, (kind, rows) in columns.items()})
    types = {name: kind for name, (kind, _) in columns.items()}
    publishable = {name: kind != "interval day" for name, kind in types.items()}
    return LookedAt(look_at(values, types, publishable, values.num_rows if total is None else total), 3)


def text(columns: Columns, total: int | None = None, **how: Any) -> str:
    return drafted_text(look(columns, total), "lake/facts", "facts", NOW, **how)


def drafted(columns: Columns, **how: Any) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text(columns, **how))
    return found


def hours(count: int, late: timedelta = timedelta()) -> list[datetime]:
    return [START + place * HOUR + late for place in range(count)]


# Two stations, an hour apart, rows known twelve minutes later; no name says what a key is.
WEATHER: Columns = {
    "site": ("string", ["EWR", "JFK"] * 24),
    "observed_at": ("timestamp", [at for at in hours(24) for _ in "ab"]),
    "ingested_at": ("timestamp", [at for at in hours(24, timedelta(minutes=12)) for _ in "ab"]),
    "temp": ("double", [float(n) for n in range(48)]),
    "flag": ("int", [1] * 48),
}


def test_keys_and_times_come_of_rows_and_names() -> None:
    assert drafted(WEATHER) == {
        "name": "facts",
        "source": "lake/facts",
        "entity_keys": ["site"],
        "event_timestamp": "observed_at",
        "available_at": "ingested_at",
        "columns": ["temp"],
    }


def test_the_evidence_stands_beside_what_is_written() -> None:
    found = text(WEATHER)
    assert "from all 48 rows of version 3" in found
    assert (
        "# site: string, 2 distinct, no nulls\n# [site] and observed_at: all of the rows are told apart\n"
        in found
    )
    assert (
        "# ingested_at: timestamp, compared with observed_at later in all of the rows, by 12m in the median, "
        "12m at the 99th percentile\n"
    ) in found
    assert "# From an entity's row to its next: median 1h, 99 % within 1h.\n" in found
    assert "# ? [flag] left out: the same value in every row. Right?\n" in found


def test_a_look_at_a_part_says_so_and_asks_whether_keys_hold_in_the_whole() -> None:
    found = text(WEATHER, total=1_000_000)
    assert "from 48 of 1,000,000 rows of version 3" in found
    assert "Do these keys hold there?" in found
    assert "Do these keys hold there?" not in text(WEATHER)


def test_a_compound_key_where_one_column_tells_too_few_rows_apart() -> None:
    found = drafted(
        {
            "day": ("timestamp", [at for at in hours(3) for _ in range(6)]),
            "store_id": ("int", [1, 1, 1, 2, 2, 2] * 3),
            "product_id": ("string", ["a", "b", "c"] * 6),
            "sold": ("int", list(range(18))),
        }
    )
    assert found["entity_keys"] == ["store_id", "product_id"]


def test_events_that_share_a_moment_now_and_then_keep_the_key_of_one_column() -> None:
    at = hours(40)
    at[1] = at[0]
    columns: Columns = {
        "user_id": ("string", ["u", "u", *"vw" * 19]),
        "page": ("string", ["a", "b", *"cd" * 19]),
        "at": ("timestamp", at),
    }
    assert drafted(columns)["entity_keys"] == ["user_id"]
    assert "Rows share key and time." in text(columns)


def test_what_differs_in_each_row_is_its_id_and_no_entity() -> None:
    columns: Columns = {
        "order_id": ("bigint", list(range(20))),
        "customer_id": ("bigint", [n % 3 for n in range(20)]),
        "note": ("string", [f"note {n}" for n in range(20)]),
        "ordered_at": ("timestamp", hours(20)),
    }
    found = drafted(columns)
    assert (found["entity_keys"], found["columns"]) == (["customer_id"], ["note"])
    assert "[order_id] differs in each row" in text(columns)


def test_a_float_is_never_a_key() -> None:
    found = drafted({"sensor_id": ("double", [1.0, 2.0] * 10), "at": ("timestamp", hours(20))})
    assert found["entity_keys"] == []


def test_a_column_that_is_null_in_most_rows_is_no_key() -> None:
    rows = ["a", None, None] * 6
    assert drafted({"user_id": ("string", rows), "at": ("timestamp", hours(18))})["entity_keys"] == []


def test_a_table_without_a_time_is_static_and_asks_for_its_history() -> None:
    columns: Columns = {
        "sku": ("string", ["a", "b", "c"]),
        "colour": ("string", ["red", "red", None]),
        "built": ("string", ["2024-01-01T00:00:00Z", "2024-01-02", "2024-01-03"]),
        "changed_at": ("bigint", [1_700_000_000_000, 1_700_000_000_001, 1_700_000_000_002]),
    }
    found = drafted(columns)
    assert (found["entity_keys"], found["static"]) == (["sku"], True)
    assert "event_timestamp" not in found
    assert "built is string but reads as a time." in text(columns)
    assert "changed_at is bigint but reads as milliseconds since 1970." in text(columns)


def test_a_clock_time_has_its_zone_declared_and_asked_for() -> None:
    columns: Columns = {
        "host": ("string", ["a", "b"] * 5),
        "at": ("timestamp_ntz", [at.replace(tzinfo=None) for at in hours(10)]),
    }
    assert drafted(columns)["timezone"] == "UTC"
    assert "# ? Whose clock was it? UTC is a guess.\ntimezone: UTC\n" in text(columns)


def test_a_row_of_a_whole_day_is_not_visible_before_that_day_is_over() -> None:
    columns: Columns = {
        "shop": ("string", ["a"] * 9 + ["b"]),
        "day": ("date", [date(2024, 1, n) for n in range(1, 11)]),
        "sales": ("int", list(range(10))),
    }
    found = drafted(columns)
    assert (found["event_timestamp"], found["delay"]) == ("day", "24h")
    assert "# timezone: America/New_York" in text(columns)


def test_the_day_of_the_event_timestamp_is_no_column_of_its_own() -> None:
    found = drafted(
        {
            "user_id": ("int", [1, 2] * 10),
            "event_date": ("date", [at.date() for at in hours(20)]),
            "clicked_at": ("timestamp", [at + timedelta(minutes=1) for at in hours(20)]),
        }
    )
    assert (found["event_timestamp"], found["columns"]) == ("clicked_at", [])


def test_a_time_that_lags_without_saying_so_is_offered_and_not_taken() -> None:
    columns: Columns = {
        "user_id": ("int", [1, 2] * 10),
        "created_at": ("timestamp", hours(20)),
        "x": ("timestamp", hours(20, timedelta(seconds=5))),
    }
    assert "available_at" not in drafted(columns)
    assert "\n# available_at: x\n" in text(columns)


def test_of_several_times_of_availability_the_last_one_is_taken() -> None:
    found = drafted(
        {
            "user_id": ("int", [1, 2] * 10),
            "event_time": ("timestamp", hours(20)),
            "received_at": ("timestamp", hours(20, timedelta(seconds=5))),
            "loaded_at": ("timestamp", hours(20, timedelta(hours=5))),
        }
    )
    assert (found["event_timestamp"], found["available_at"]) == ("event_time", "loaded_at")


def test_a_time_before_the_fact_is_not_when_its_row_could_be_read() -> None:
    columns: Columns = {
        "user_id": ("int", [1, 2] * 10),
        "paid_at": ("timestamp", hours(20)),
        "order_received": ("timestamp", hours(20, -HOUR)),
    }
    found = drafted(columns)
    assert (found["event_timestamp"], "available_at" in found) == ("paid_at", False)
    assert (
        "# ? order_received is a time too, compared with paid_at earlier in all of the rows, by -1h in the median, "
        "-1h at the 99th percentile. Is it the better one?\n"
    ) in text(columns)


def test_what_other_readers_cannot_read_is_left_out_and_nested_values_are_not() -> None:
    found = drafted(
        {
            "user_id": ("int", [1, 2] * 10),
            "at": ("timestamp", hours(20)),
            "tags": ("array<int>", [False, True] * 10),
            "took": ("interval day", [False] * 20),
        }
    )
    assert found["columns"] == ["tags"]


def test_a_table_without_rows_is_drafted_by_its_names() -> None:
    columns: Columns = {
        "user_id": ("int", []),
        "clicked_at": ("timestamp", []),
        "loaded_at": ("timestamp", []),
    }
    assert drafted(columns)["event_timestamp"] == "clicked_at"
    assert "from all 0 rows" in text(columns)


ODD: Columns = {
    "no": ("string", ["a", "b"] * 5),
    "on": ("timestamp", hours(10)),
    "yes: #": ("double", [0.5] * 9 + [None]),
    'a "b"': ("string", ["x", "y"] * 5),
    "amount": ("int", list(range(10))),
}


@pytest.mark.parametrize("columns", [WEATHER, ODD])
def test_check_takes_the_file_as_it_is_and_with_all_that_it_offers(tmp_path: Path, columns: Columns) -> None:
    found = text(columns)
    offers = re.sub(
        r"^# (?=(?:aggregations|delay|max_age|available_at|timezone):|  - )", "", found, flags=re.M
    )
    assert "\naggregations:" in offers
    for content in (found, offers):
        ran = Project(tmp_path).conf({"feature_tables/facts.yml": content}).run("check")
        assert ran.code == 0, ran.err


LABELS: Columns = {
    "flight_id": ("bigint", list(range(20))),
    "origin": ("string", ["EWR", "JFK"] * 10),
    "predict_at": ("timestamp", hours(20)),
    "arrived_at": ("timestamp", hours(20, timedelta(hours=5))),
    "distance": ("int", [n * 7 % 5 for n in range(20)]),
    "late": ("int", [0, 1, None, 0] * 5),
}


def test_label_events_give_a_training_set(tmp_path: Path) -> None:
    known = {"weather": ["origin"], "planes": ["tailnum"]}
    assert drafted(LABELS, labels=True, known=known) == {
        "name": "facts",
        "labels": {
            "source": "lake/facts",
            "entity_keys": ["origin"],
            "event_timestamp": "predict_at",
            "label_columns": ["late"],
            "label_available_at": "arrived_at",
        },
        "feature_tables": ["weather"],
        "output": "lake/training_sets/facts",
    }
    found = text(LABELS, labels=True)
    assert "  # late: int, 2 distinct, yes in 33.3 %, null in 25 %\n" in found
    assert '  # where: "late IS NOT NULL"\n' in found
    ran = Project(tmp_path).conf({"training_sets/facts.yml": found}).run("check")
    assert ran.code == 0, ran.err


def test_label_events_without_a_time_are_refused() -> None:
    with pytest.raises(InputError, match="no time column in 'lake/facts', and label events have a T"):
        text({"user_id": ("int", [1, 2]), "late": ("int", [0, 1])}, labels=True)
