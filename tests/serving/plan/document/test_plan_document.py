"""The document of a serving plan: what is in it, what loading it refuses, and what it names."""

from __future__ import annotations

import copy
import io
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from skewless import FeatureError, FeatureSet, ServingPlan
from skewless.serving.plan.document.plan import Document, feature_table_part
from tests.helpers.plans import LABELS, NOON, TYPES, document_of, labels_of, plan_of, table_of

WINDOWS: list[dict[str, object]] = [
    {"name": "n_7d", "function": "count", "window": "7d", "where": "v > 1"},
    {"name": "p_1d", "function": "percentile", "column": "v", "window": "1d", "offset": "1h", "p": 0.5},
]


def heat(clicks__v: float) -> float:
    return clicks__v + 1


def whole() -> Document:
    table = table_of(
        available_at="landed_at", delay="10m", max_age="3h", valid_until="ends_at", aggregations=WINDOWS
    )
    return json.loads(json.dumps(document_of(table, table_of(name="b"), functions=[heat])))


def load(document: object, **options: Any) -> ServingPlan:
    return ServingPlan.from_document(document, features=FeatureSet.from_functions([heat]), **options)


def refused(document: object) -> tuple[str, ...]:
    with pytest.raises(FeatureError) as caught:
        load(document)
    return caught.value.problems


def test_a_document_is_json_and_loads_from_a_path_and_from_a_file(tmp_path: Path, write_module: Any) -> None:
    write_module("heats", "def heat(clicks__v: float) -> float: return clicks__v + 1")
    document = document_of(table_of(), modules=["heats"])
    path = tmp_path / "serving.json"
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")
    row = {"seen_at": NOON, "v": 1}
    with path.open("rb") as file:
        for given in (path, str(path), file, io.StringIO(json.dumps(document))):
            plan = ServingPlan.load(given)
            assert plan.fingerprint == document["fingerprint"]
            found = plan.compute({"user": 1}, rows={"clicks": row}, at=NOON)
            assert found == {"clicks__v": 1.0, "heat": 2.0}


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    for name, said in (("broken.json", "Expecting property name"), ("none.json", "No such file")):
        with pytest.raises(FeatureError, match=rf"^serving plan '.*{name}': cannot be read: .*{said}"):
            ServingPlan.load(tmp_path / name)


def test_types_that_decide_nothing_are_left_out_and_durations_are_written_as_configuration_has_them() -> None:
    table = table_of(delay=timedelta(minutes=90), max_age="PT36H", columns=["v"], aggregations=WINDOWS[:1])
    assert (table["delay"], table["max_age"]) == ("90m", "36h")
    assert table["types"] == {"user": "bigint", "seen_at": "timestamp", "v": "double"}
    assert table["aggregations"] == WINDOWS[:1]
    exact = table_of(aggregations=[{**WINDOWS[1], "p": Decimal("0.25"), "where": None}])
    assert exact["aggregations"] == [{**WINDOWS[1], "p": "0.25"}]


def test_names_of_the_training_set_and_of_its_version_are_no_part_of_the_fingerprint() -> None:
    document = {**whole(), "training_set": "other", "version": None}
    assert load(document).fingerprint == whole()["fingerprint"]


GONE = object()


def edited(document: Document, place: str, value: object) -> Document:
    """The document with what is at a place (keys and positions, by dots) replaced or, if GONE, removed."""
    *path, last = (int(key) if key.isdigit() else key for key in place.split("."))
    inside: Any = document
    for key in path:
        inside = inside[key]
    if value is GONE:
        del inside[last]
    else:
        inside[last] = value
    return document


CLICKS, OTHER = "feature_tables.0", "feature_tables.1"
EDITS = [
    ("feature table 'clicks': aggregation 'n_7d'", f"{CLICKS}.aggregations.0.window", "8d"),
    ("feature table 'clicks': aggregation 'n_7d'", f"{CLICKS}.aggregations.0.where", "v > 2"),
    ("feature table 'clicks': aggregation 'p_1d'", f"{CLICKS}.aggregations.1.p", 0.9),
    ("feature table 'clicks': aggregation 'p_1d'", f"{CLICKS}.aggregations.1.offset", GONE),
    ("feature table 'clicks': delay", f"{CLICKS}.delay", "11m"),
    ("feature table 'clicks': max_age", f"{CLICKS}.max_age", None),
    ("feature table 'clicks': valid_until", f"{CLICKS}.valid_until", None),
    ("feature table 'clicks': available_at", f"{CLICKS}.available_at", None),
    ("feature table 'clicks': strict", f"{CLICKS}.strict", True),
    ("feature table 'clicks': timezone", f"{CLICKS}.timezone", "Asia/Tokyo"),
    ("feature table 'clicks': event_timestamp", f"{CLICKS}.event_timestamp", "landed_at"),
    ("feature table 'b': join_keys", f"{OTHER}.join_keys", []),
    ("feature table 'b': types", f"{OTHER}.types.v", "float"),
    ("feature table 'b': table", f"{OTHER}.table", "other"),
    ("label events: timezone", "label_events.timezone", "Asia/Tokyo"),
    ("label events: label_columns", "label_events.label_columns", []),
    ("label events: columns", "label_events.columns.amount", "float"),
    ("features: modules", "features.modules", ["heats"]),
    ("feature 'heat'", "features.functions.0.on_error", "null"),
]


@pytest.mark.parametrize(("part", "place", "value"), EDITS)
def test_an_edited_part_is_named_and_with_warn_is_a_warning(part: str, place: str, value: object) -> None:
    document = edited(whole(), place, value)
    said = f"serving plan: {part}: not what was exported (its fingerprint differs); export the plan again"
    (problem,) = refused(document)
    assert problem.startswith(said)
    with pytest.warns(UserWarning, match="not what was exported") as warned:
        assert load(document, on_mismatch="warn").columns
    assert [str(each.message).startswith(said) for each in warned] == [True]


def test_an_added_and_a_removed_aggregation_are_named() -> None:
    document = whole()
    table = document["feature_tables"][0]
    table["aggregations"][1] = {"name": "p_2d", "function": "count", "window": "2d"}
    document["columns"][2] = "clicks__p_2d"
    found = " ".join(refused(document))
    assert "aggregation 'p_2d': was not exported" in found
    assert "aggregation 'p_1d': was exported and is gone" in found
    assert "feature table 'clicks': aggregations: not what was exported" in found


def test_columns_in_another_order_are_noticed_since_order_settles_ties() -> None:
    document = document_of(table_of(columns=["v", "n"]))
    document["feature_tables"][0]["columns"] = ["n", "v"]
    document["columns"] = ["clicks__n", "clicks__v"]
    with pytest.raises(FeatureError, match="feature table 'clicks': columns: not what was exported"):
        ServingPlan.from_document(document, features=FeatureSet([]))


def test_a_fingerprint_that_was_edited_is_noticed() -> None:
    document = {**whole(), "fingerprint": "sha256:0"}
    assert refused(document) == (
        "serving plan: fingerprint: is not that of the plan's parts; export the plan again",
    )


def test_other_code_is_named_function_by_function(write_module: Any) -> None:
    source = "def heat(clicks__v: float) -> float: return clicks__v + {}\n"
    source += "def cold(clicks__v: float) -> float: return 0.0"
    write_module("heats", source.format("1"))
    document = document_of(table_of(), modules=["heats"])
    other = FeatureSet.from_module(write_module("other_heats", source.format("2")))
    with pytest.raises(FeatureError) as caught:
        ServingPlan.from_document(document, features=other)
    names = [problem.split("'")[1] for problem in caught.value.problems]
    assert names == ["heat", "cold"]  # the module's name counts too
    assert caught.value.problems[0].startswith(
        "serving plan: feature 'heat': its code is not what was recorded"
    )


def test_a_function_that_is_gone_is_refused_whatever_on_mismatch_says_and_a_new_one_is_a_mismatch() -> None:
    def cold(clicks__v: float) -> float:
        return clicks__v - 1

    with pytest.raises(FeatureError, match="feature 'heat': recorded, but not in this process's code"):
        ServingPlan.from_document(whole(), "warn", FeatureSet.from_functions([cold]))
    both = FeatureSet.from_functions([heat, cold])
    with pytest.raises(FeatureError, match="feature 'cold': new in this process's code, not recorded"):
        ServingPlan.from_document(whole(), features=both)
    with pytest.warns(UserWarning, match="feature 'cold': new in this process's code"):
        plan = ServingPlan.from_document(whole(), "warn", both)
    assert plan.columns == ("clicks__v", "clicks__n_7d", "clicks__p_1d", "b__v", "heat")


def test_with_warn_this_process_runs_its_own_code() -> None:
    document = whole()

    def heat(clicks__v: float) -> float:
        return clicks__v + 100

    with pytest.warns(UserWarning, match="feature 'heat': its code is not what was recorded"):
        plan = ServingPlan.from_document(document, "warn", FeatureSet.from_functions([heat]))
    row = {"seen_at": NOON, "landed_at": NOON - timedelta(hours=1), "ends_at": None, "v": 1}
    found = plan.compute({"user": 1}, rows={"clicks": row, "b": None}, events={"clicks": []}, at=NOON)
    assert found["heat"] == 101.0


def test_the_order_of_functions_is_the_plans() -> None:
    def cold(clicks__v: float) -> float:
        return clicks__v - 1

    document = document_of(table_of(), functions=[heat, cold])
    plan = ServingPlan.from_document(document, features=FeatureSet.from_functions([cold, heat]))
    row = {"seen_at": NOON, "v": 1}
    assert list(plan.compute({"user": 1}, rows={"clicks": row}, at=NOON)) == ["clicks__v", "heat", "cold"]


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("format", 2, "format 2, this version reads format 1; install the version"),
        ("format", GONE, "document: no 'format'"),
        ("parts", GONE, "document: no 'parts'"),
        ("more", 1, "document: unknown key 'more'; it may come from a newer version"),
        ("version", "3", "document: version: expected a whole number, found str '3'"),
        ("features.modules", GONE, "features: no 'modules'"),
        ("features.functions.0.returns", GONE, "features: no 'returns'"),
        ("label_events.columns", GONE, "label events: no 'columns'"),
        (f"{CLICKS}.strict", GONE, "feature table 'clicks': no 'strict'"),
        (f"{CLICKS}.max_ages", 1, "feature table 'clicks': unknown key 'max_ages'; did you mean 'max_age'?"),
        (f"{CLICKS}.delay", "10", "feature table 'clicks': delay: '10' has no unit"),
        (f"{CLICKS}.delay", None, "feature table 'clicks': delay: None is not a duration"),
        (f"{CLICKS}.timezone", "Mars", "feature table 'clicks': timezone: 'Mars' is not an IANA"),
        (f"{CLICKS}.types.v", GONE, "feature table 'clicks': column 'v' (columns) has no type"),
        (f"{CLICKS}.types.v", "void", "feature table 'clicks': column 'v' is void, which rows cannot carry"),
        (f"{CLICKS}.types.seen_at", "string", "feature table 'clicks': time column 'seen_at'"),
        (
            f"{CLICKS}.join_keys",
            [["user", "usr"]],
            "feature table 'clicks': key 'user' joins 'usr', no column",
        ),
        (f"{CLICKS}.static", True, "feature table 'clicks': static, and yet with times"),
        (
            f"{CLICKS}.aggregations.0.window",
            "8",
            "feature table 'clicks': aggregation 'n_7d': window: '8' has no unit",
        ),
        (f"{CLICKS}.aggregations.0.where", "v = 'a'", "feature table 'clicks': aggregation 'n_7d': where: "),
        (f"{CLICKS}.aggregations.1.column", "w", "feature table 'clicks': aggregation 'p_1d': no column 'w'"),
        ("columns.4", GONE, "columns: not those that its tables and functions give: 'heat' is missing"),
    ],
)
def test_a_document_that_cannot_be_run_is_refused_even_with_warn(
    place: str, value: object, said: str
) -> None:
    with pytest.raises(FeatureError) as caught:
        load(edited(whole(), place, value), on_mismatch="warn")
    assert caught.value.problems[0].startswith(f"serving plan: {said}"), caught.value.problems


def test_what_is_no_object_at_all_is_refused() -> None:
    assert refused([1]) == ("serving plan: document: expected an object, found list [1]",)
    with pytest.raises(FeatureError, match="on_mismatch is 'ignore'; use 'raise' or 'warn'"):
        load(whole(), on_mismatch="ignore")


def test_building_a_part_reports_everything_that_does_not_fit_at_once() -> None:
    with pytest.raises(FeatureError) as caught:
        table_of(
            columns=["v", "w"], aggregations=[{"name": "a", "function": "sum", "column": "s", "window": "1d"}]
        )
    assert caught.value.problems == (
        "feature table 'clicks': column 'w' (columns) has no type; add it to types",
        "feature table 'clicks': aggregation 'a': sum takes no string (column 's')",
    )


def test_the_document_is_left_as_it_was() -> None:
    document = whole()
    before = copy.deepcopy(document)
    load(document)
    assert document == before


def test_columns_of_aggregations_are_found_whatever_their_case() -> None:
    spec = {"name": "a", "function": "max", "column": "V", "window": "1d", "where": "N > 1 AND V > 0"}
    plan = plan_of(table_of(columns=[], aggregations=[spec]))
    assert plan.needs()["clicks"].event_columns == ("seen_at", "v", "n")
    event = {"seen_at": NOON - timedelta(hours=1), "v": 2, "n": 3}
    assert plan.compute({"user": 1}, events={"clicks": [event]}, at=NOON) == {"clicks__a": 2.0}


def test_a_part_is_built_from_the_label_events_that_it_joins() -> None:
    labels = labels_of(columns={**LABELS, "origin": "string"})
    part = feature_table_part(
        labels,
        name="weather",
        table="weather",
        join_keys=[("station", "origin")],
        columns=["v"],
        types={**TYPES, "station": "string"},
        event_timestamp="seen_at",
    )
    assert part["join_keys"] == [["station", "origin"]]
    assert part["delay"] == "0s"
