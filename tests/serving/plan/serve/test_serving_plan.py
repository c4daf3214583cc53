"""What a serving plan takes, gives and refuses."""

from __future__ import annotations

import asyncio
import enum
import math
import pickle
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from skewless import FeatureError, ServingPlan, feature
from skewless.serving.errors import kind_of
from tests.helpers.plans import LABELS, NOON, TYPES, labels_of, plan_of, table_of

HOUR = timedelta(hours=1)
ALICE = {"user": 1}
COUNT = {"name": "n_1d", "function": "count", "window": "1d"}


def row(v: Any = 1.0, **others: Any) -> dict[str, Any]:
    return {"seen_at": NOON - HOUR, "v": v, **others}


def problems(plan: ServingPlan, *args: Any, **options: Any) -> tuple[str, ...]:
    with pytest.raises(FeatureError) as caught:
        plan.compute(*args, **options)
    return caught.value.problems


def typed(kind: str, given: Any) -> Any:
    plan = plan_of(table_of(types={**TYPES, "v": kind}))
    return plan.compute(ALICE, rows={"clicks": row(given)}, at=NOON)["clicks__v"]


def test_columns_come_table_by_table_then_the_functions() -> None:
    def first(clicks__v: float) -> float:
        return clicks__v

    def second(first: float) -> float:
        return first

    plan = plan_of(
        table_of(columns=["n", "v"], aggregations=[COUNT]), table_of(name="b"), functions=[second, first]
    )
    assert plan.columns == ("clicks__n", "clicks__v", "clicks__n_1d", "b__v", "second", "first")
    assert dict(plan.schema) == {
        "clicks__n": "bigint",
        "clicks__v": "double",
        "clicks__n_1d": "bigint",
        "b__v": "double",
        "second": "double",
        "first": "double",
    }
    found = plan.compute(ALICE, rows={"clicks": row(n=3), "b": None}, events={"clicks": [row()]}, at=NOON)
    assert list(found) == list(plan.columns)
    assert list(found.values()) == [3, 1.0, 1, None, 1.0, 1.0]


def test_needs_names_tables_keys_columns_and_look_back() -> None:
    month = {"calendar": "month", "length": 2, "timezone": "America/New_York"}
    windows = [
        {"name": "a", "function": "sum", "column": "n", "window": "7d", "offset": "1h", "where": "S = 'x'"},
        {"name": "b", "function": "count", "window": month, "offset": 1},
    ]
    table = table_of(
        available_at="landed_at", valid_until="ends_at", max_age="3h", columns=["v"], aggregations=windows
    )
    needs = plan_of(table, table_of(name="all"), table_of(name="fixed", static=True)).needs()
    clicks = needs["clicks"]
    assert (clicks.table, clicks.keys, clicks.event_timestamp) == ("clicks", {"user": "user"}, "seen_at")
    assert (clicks.rows, clicks.events) == (True, True)
    assert clicks.row_columns == ("seen_at", "landed_at", "ends_at", "v")
    assert clicks.event_columns == ("seen_at", "landed_at", "n", "s")
    assert clicks.row_look_back == 3 * HOUR
    assert clicks.event_look_back == timedelta(days=3 * 31 + 2)
    assert (needs["all"].row_look_back, needs["all"].events, needs["all"].event_look_back) == (
        None,
        False,
        None,
    )
    assert (needs["fixed"].event_timestamp, needs["fixed"].row_columns) == (None, ("v",))


@pytest.mark.parametrize(
    ("unit", "length", "offset"),
    [("day", 1, 0), ("day", 3, 2), ("week", 1, 0), ("week", 2, 1), ("month", 1, 0), ("month", 13, 4)],
)
def test_no_calendar_window_begins_before_its_look_back(unit: str, length: int, offset: int) -> None:
    from skewless.serving.aggregations.bounds import read_window
    from skewless.serving.plan.serve.windows import look_back
    from skewless.serving.values.instants import micros

    for zone in ("America/New_York", "Pacific/Apia", "America/Sao_Paulo"):
        window, _ = read_window({"calendar": unit, "length": length, "timezone": zone}, offset)
        assert window is not None
        for day in range(0, 800, 3):
            at = micros(datetime(2011, 1, 1, 9, 59, tzinfo=NOON.tzinfo) + timedelta(days=day))
            assert at - window.bounds(at)[0] <= look_back(window) // timedelta(microseconds=1)


@pytest.mark.parametrize("given", [pd.DataFrame({"clicks": [1]}), [ALICE], 3, "clicks"])
def test_what_is_no_dict_is_named(given: Any) -> None:
    plan = plan_of(table_of(aggregations=[COUNT]))
    wrong = f"expected a dict, found {kind_of(given)}"
    assert problems(plan, given, rows={"clicks": None}, at=NOON) == (f"request: {wrong}",)
    assert problems(plan, ALICE, rows=given, at=NOON) == (f"rows: {wrong}",)
    assert problems(plan, ALICE, events=given, at=NOON) == (f"events: {wrong}",)


def test_absence_has_to_be_said() -> None:
    """S1."""
    plan = plan_of(table_of(aggregations=[COUNT]))
    assert problems(plan, ALICE, at=NOON) == (
        "rows: none given of feature table 'clicks'; give the newest row, a list of rows, or None for no row",
    )
    assert problems(plan, ALICE, rows={"clicks": None}, at=NOON) == (
        "events: none given of feature table 'clicks'; give a list of events, [] for none",
    )
    nothing = {"clicks__v": None, "clicks__n_1d": 0}
    assert plan.compute(ALICE, rows={"clicks": None}, events={"clicks": []}, at=NOON) == nothing
    assert plan.compute(ALICE, rows={"clicks": []}, events={"clicks": None}, at=NOON) == nothing


def test_rows_and_events_of_other_tables_are_refused() -> None:
    plan = plan_of(table_of())
    assert problems(plan, ALICE, rows={"click": row()}, events={"clicks": []}, at=NOON) == (
        "rows: the plan takes none of 'click'; did you mean 'clicks'?",
        "events: the plan takes none of 'clicks'; it takes events of no table",
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([3], "rows of feature table 'clicks': expected dicts"),
        ("abc", "rows of feature table 'clicks': expected a list, found str"),
        ({"seen_at": NOON}, "feature table 'clicks': row 0: no column 'v'; it has seen_at"),
        (
            {"v": 1.0, "seen": NOON},
            "feature table 'clicks': row 0: no column 'seen_at'; did you mean 'seen'?",
        ),
        (row(v="x"), "feature table 'clicks': row 0: column 'v': expected float, found str 'x'"),
        ([row(), row(v=True)], "feature table 'clicks': row 1: column 'v': expected float, found bool True"),
        (row(user="1"), "feature table 'clicks': row 0: column 'user': expected int, found str '1'"),
    ],
)
def test_a_wrong_row_is_named(given: Any, said: str) -> None:
    (found,) = problems(plan_of(table_of()), ALICE, rows={"clicks": given}, at=NOON)
    assert found.startswith(said)


def test_a_request_names_everything_that_is_missing_or_wrong() -> None:
    def big(amount: float, kind: str) -> bool:
        return amount > 10

    labels = labels_of(columns={**LABELS, "kind": "string"})
    plan = plan_of(table_of(labels), functions=[big], labels=labels)
    assert problems(plan, {"amount": "3", "knd": "a"}, rows={"clicks": None}, at=NOON) == (
        "request: no column 'user'; it has amount, knd",
        "request: column 'amount': expected float, found str '3'; convert it: float(x)",
        "request: no column 'kind'; did you mean 'knd'?",
    )


def test_what_a_request_has_besides_is_ignored() -> None:
    plan = plan_of(table_of())
    request = {**ALICE, "late": "anything", "other": object()}
    assert plan.compute(request, rows={"clicks": row()}, at=NOON) == {"clicks__v": 1.0}


def test_t_is_at_and_a_request_that_says_otherwise_is_refused() -> None:
    plan = plan_of(table_of())
    assert plan.compute({**ALICE, "predict_at": NOON}, rows={"clicks": None}, at=NOON) == {"clicks__v": None}
    (other,) = problems(plan, {**ALICE, "predict_at": NOON + HOUR}, rows={"clicks": None}, at=NOON)
    assert other.startswith("request: column 'predict_at' is datetime.datetime(2024, 7, 1, 13, 0")
    assert other.endswith("they are one moment, T")
    assert problems(plan, {**ALICE, "predict_at": None}, rows={"clicks": None}, at=NOON)
    assert problems(plan, ALICE, at=NOON.replace(tzinfo=None))[0].startswith("at: naive datetime")


def test_functions_may_take_the_column_of_t_by_its_own_name() -> None:
    def same(predict_at: datetime, event_timestamp: datetime) -> bool:
        return predict_at == event_timestamp

    plan = plan_of(functions=[same])
    assert plan.compute({}, at=NOON) == {"same": True}
    assert plan.compute({"predict_at": NOON}, at=NOON) == {"same": True}


def test_labels_are_no_inputs() -> None:
    """F2."""

    def leak(late: bool, known_at: datetime) -> bool:
        return late

    labels = labels_of(columns={**LABELS, "known_at": "timestamp"}, label_available_at="known_at")
    with pytest.raises(FeatureError) as caught:
        plan_of(functions=[leak], labels=labels)
    assert caught.value.problems == (
        "serving plan: feature 'leak': input 'late' is a label column or label_available_at, not known at T; "
        "remove it",
        "serving plan: feature 'leak': input 'known_at' is a label column or label_available_at, not known at T; "
        "remove it",
    )


def test_event_timestamp_is_t_even_where_a_label_column_has_the_name() -> None:
    def hour(event_timestamp: datetime) -> int:
        return event_timestamp.hour

    labels = labels_of(
        columns={**LABELS, "event_timestamp": "timestamp"}, label_available_at="event_timestamp"
    )
    plan = plan_of(functions=[hour], labels=labels)
    assert plan.compute({"event_timestamp": NOON + HOUR}, at=NOON) == {"hour": 12}


def test_inputs_have_to_be_there_and_of_their_type() -> None:
    def a(clicks__w: float) -> float:
        return clicks__w

    def b(clicks__n: str) -> str:
        return clicks__n

    def c(clicks__s: datetime) -> datetime:
        return clicks__s

    with pytest.raises(FeatureError) as caught:
        types = {**TYPES, "s": "timestamp_ntz"}
        plan_of(table_of(columns=["n", "s", "v"], types=types), functions=[a, b, c])
    assert [each.removeprefix("serving plan: ") for each in caught.value.problems] == [
        "feature 'a': unknown input 'clicks__w'; did you mean 'clicks__v'?",
        "feature 'b': input 'clicks__n' is bigint, but declared str",
        "feature 'c': input 'clicks__s' is timestamp_ntz, but declared datetime",
    ]


@pytest.mark.parametrize(
    ("kind", "given", "wanted"),
    [
        ("double", 3, 3.0),
        ("double", math.nan, math.nan),
        ("double", -0.0, -0.0),
        ("float", 0.1, 0.10000000149011612),
        ("float", 16777217, 16777216.0),
        ("float", 1e39, math.inf),
        ("decimal(5,2)", Decimal("1.5"), Decimal("1.50")),
        ("decimal(5,2)", Decimal("-0"), Decimal("0.00")),
        ("decimal(5,2)", Decimal("1.500"), Decimal("1.50")),
        ("decimal(38,0)", Decimal(10**38 - 1), Decimal(10**38 - 1)),
        ("tinyint", -128, -128),
        ("bigint", 2**63 - 1, 2**63 - 1),
        ("string", "naïve", "naïve"),
        ("binary", b"\xff", b"\xff"),
        ("date", date(2024, 1, 1), date(2024, 1, 1)),
        ("timestamp_ntz", datetime(2024, 1, 1, fold=1), datetime(2024, 1, 1)),
        ("array<float>", [0.1, None], [0.10000000149011612, None]),
        ("struct<a:decimal(3,1),b:string>", {"b": None, "a": Decimal(1)}, {"a": Decimal("1.0"), "b": None}),
        ("map<string,double>", {"a": 1}, {"a": 1.0}),
        ("smallint", enum.IntEnum("Sizes", {"SMALL": 3}).SMALL, 3),  # type: ignore[attr-defined]
        ("array<string>", [np.str_("a")], ["a"]),
    ],
)
def test_a_value_comes_out_as_spark_delivers_it(kind: str, given: Any, wanted: Any) -> None:
    assert repr(typed(kind, given)) == repr(wanted)


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("bigint", 1.0, "expected int, found float 1.0"),
        ("bigint", True, "expected int, found bool True"),
        ("bigint", 2**63, "int 9223372036854775808 does not fit in 64 bits"),
        ("tinyint", 128, "int 128 does not fit in the 8 bits of tinyint"),
        ("smallint", -32769, "int -32769 does not fit in the 16 bits of smallint"),
        ("int", 2**31, "int 2147483648 does not fit in the 32 bits of int"),
        ("double", Decimal(1), "expected float, found decimal.Decimal Decimal('1')"),
        ("decimal(5,2)", Decimal("1.005"), "Decimal('1.005') does not fit in decimal(5,2)"),
        ("decimal(5,2)", Decimal("1000"), "Decimal('1000') does not fit in decimal(5,2)"),
        ("decimal(5,2)", 1, "expected Decimal, found int 1"),
        ("decimal(5,2)", Decimal("NaN"), "expected a finite Decimal, found Decimal('NaN')"),
        ("string", b"a", "expected str, found bytes b'a'"),
        ("string", "\ud800", "str '\\ud800' is not valid Unicode (a lone surrogate)"),
        ("date", NOON, "expected date, found datetime.datetime"),
        ("timestamp", date(2024, 1, 1), "expected datetime, found datetime.date"),
        ("timestamp", NOON.replace(tzinfo=None), "naive datetime"),
        ("timestamp_ntz", NOON, "expected a naive datetime (timestamp_ntz), found datetime"),
        ("array<int>", (1,), "expected a list (array<int>), found tuple (1,)"),
        ("array<int>", ["a"], "expected int, found str 'a'"),
        ("struct<a:int>", {"b": 1}, "expected a dict of the fields of struct<a:int>, found {'b': 1}"),
        ("map<string,int>", [], "expected a dict (map<string,int>), found list []"),
    ],
)
def test_a_value_of_another_type_is_refused(kind: str, given: Any, said: str) -> None:
    with pytest.raises(FeatureError) as caught:
        typed(kind, given)
    assert str(caught.value).startswith(f"feature table 'clicks': row 0: column 'v': {said}")


def test_a_float_label_column_is_rounded_as_it_was_published() -> None:
    def same(amount: float) -> float:
        return amount

    labels = labels_of(columns={**LABELS, "amount": "float"})
    assert plan_of(functions=[same], labels=labels).compute({"amount": 0.1}, at=NOON) == {
        "same": 0.10000000149011612
    }


def window(kind: str, values: list[Any], **spec: Any) -> Any:
    aggregation = {"name": "a", "column": "v", "window": "1d", **spec}
    plan = plan_of(table_of(columns=[], types={**TYPES, "v": kind}, aggregations=[aggregation]))
    events = [row(v) for v in values]
    return plan.compute(ALICE, events={"clicks": events}, at=NOON)["clicks__a"], plan.schema["clicks__a"]


@pytest.mark.parametrize(
    ("kind", "values", "spec", "wanted", "result"),
    [
        ("decimal(5,2)", [Decimal("1.5"), Decimal(2)], {"function": "sum"}, Decimal("3.50"), "decimal(15,2)"),
        ("decimal(5,2)", [Decimal("1.5")], {"function": "max"}, Decimal("1.50"), "decimal(5,2)"),
        ("decimal(5,0)", [Decimal(0)], {"function": "sum"}, Decimal("0"), "decimal(15,0)"),
        ("int", [2**31 - 1, 1], {"function": "sum"}, 2**31, "bigint"),
        ("double", [1, 0.5], {"function": "sum"}, 1.5, "double"),
        ("float", [0.1], {"function": "last"}, 0.10000000149011612, "float"),
        ("float", [0.1], {"function": "sum"}, 0.10000000149011612, "double"),
        (
            "decimal(3,1)",
            [Decimal(1), Decimal(2)],
            {"function": "last_n", "n": 1},
            [Decimal("2.0")],
            "array<decimal(3,1)>",
        ),
        ("string", ["b", "a"], {"function": "percentile", "p": 0}, "a", "string"),
        ("double", [1], {"function": "last_n", "n": 2}, [1.0], "array<double>"),
        ("array<int>", [[1], None], {"function": "count"}, 1, "bigint"),
        ("bigint", [1, 2], {"function": "mean"}, 1.5, "double"),
        ("double", [1, 2], {"function": "count", "where": "v > 1"}, 1, "bigint"),
    ],
)
def test_an_aggregation_has_the_type_and_the_scale_that_spark_publishes(
    kind: str, values: list[Any], spec: dict[str, Any], wanted: Any, result: str
) -> None:
    found, schema = window(kind, values, **spec)
    assert (repr(found), schema) == (repr(wanted), result)


def test_a_sum_that_its_type_cannot_hold_names_the_aggregation() -> None:
    with pytest.raises(
        FeatureError, match=r"^feature table 'clicks': aggregation 'a': the sum 9223372036854775808 does"
    ):
        window("bigint", [2**63 - 1, 1], function="sum")
    full = Decimal(10**38 - 1)
    with pytest.raises(
        FeatureError, match=r"aggregation 'a': the sum .* does not fit in a decimal of 38 digits"
    ):
        window("decimal(38,0)", [full, full], function="sum")
    assert window("decimal(38,0)", [full], function="sum") == (full, "decimal(38,0)")
    with pytest.raises(
        FeatureError, match=r"aggregation 'a': the sum .* does not fit in a decimal of 38 digits"
    ):
        window("decimal(38,37)", [Decimal(9)] * 2, function="sum")


def test_an_event_of_a_wrong_type_is_named_where_it_is_visible() -> None:
    with pytest.raises(
        FeatureError, match=r"^feature table 'clicks': row 1: column 'v': expected int, found float"
    ):
        window("bigint", [1, 1.0], function="sum")


def test_events_of_another_entity_are_refused() -> None:
    plan = plan_of(table_of(columns=[], aggregations=[COUNT]))
    (said,) = problems(plan, ALICE, events={"clicks": [row(user=2)]}, at=NOON)
    assert "key 'user' is 2, but the request's 'user' is 1" in said


def test_a_failing_function_names_the_label_event_in_the_words_of_a_build() -> None:
    def inverse(clicks__v: float) -> float:
        return 1 / clicks__v

    @feature(on_error="null")
    def or_null(clicks__v: float) -> float:
        return 1 / clicks__v

    given: dict[str, Any] = {"rows": {"clicks": row(v=0)}, "at": NOON}
    assert problems(plan_of(table_of(), functions=[inverse]), ALICE, **given) == (
        "feature 'inverse': ZeroDivisionError: float division by zero; inputs clicks__v=0.0; "
        f"label event user=1, predict_at={NOON!r}",
    )
    assert plan_of(table_of(), functions=[or_null]).compute(ALICE, **given)["or_null"] is None


def test_what_is_given_is_never_changed_and_what_comes_out_is_the_callers_own() -> None:
    plan = plan_of(table_of(types={**TYPES, "v": "array<int>"}))
    given = {"clicks": [row(v=[1])]}
    first = plan.compute(ALICE, rows=given, at=NOON)
    first["clicks__v"].append(2)
    assert given == {"clicks": [row(v=[1])]}
    assert plan.compute(ALICE, rows=given, at=NOON) == {"clicks__v": [1]}


def test_one_plan_serves_threads_and_tasks_at_once() -> None:
    def doubled(clicks__v: float) -> float:
        return clicks__v * 2

    plan = plan_of(table_of(aggregations=[COUNT]), functions=[doubled])

    def ask(n: int) -> Any:
        return plan.compute(
            {"user": n}, rows={"clicks": row(float(n), user=n)}, events={"clicks": [row()] * (n % 5)}, at=NOON
        )

    async def ask_all() -> list[Any]:
        async def later(n: int) -> Any:
            await asyncio.sleep(0)
            return ask(n)

        return await asyncio.gather(*map(later, range(200)))

    wanted = [{"clicks__v": float(n), "clicks__n_1d": n % 5, "doubled": 2.0 * n} for n in range(200)]
    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(ask, range(200))) == wanted
    finally:
        sys.setswitchinterval(switching)
    assert asyncio.run(ask_all()) == wanted


def test_a_plan_shows_what_it_is_of() -> None:
    assert repr(plan_of(table_of())) == "ServingPlan('demo', version=3)"
    assert pickle.loads(pickle.dumps(plan_of(table_of()).needs()["clicks"].row_columns)) == ("seen_at", "v")


def test_a_key_of_a_padded_type_is_padded_as_spark_has_it() -> None:
    """J8: CHAR(5) is padded with blanks in Spark; serving is given the text with them, without them, or with some."""

    def code_of(user: str) -> str:
        return user

    types = {**TYPES, "user": "char(5)"}
    labels = labels_of(columns={**LABELS, "user": "char(5)"})
    plan = plan_of(table_of(labels, types=types), functions=[code_of], labels=labels)
    for given, stored in (("ab", "ab   "), ("ab   ", "ab"), ("ab ", "ab")):
        served = plan.compute({"user": given}, rows={"clicks": row(user=stored)}, at=NOON)
        assert served == {"clicks__v": 1.0, "code_of": "ab   "}
    assert problems(plan, {"user": "ab"}, rows={"clicks": row(user="abc")}, at=NOON) == (
        "feature table 'clicks': row 0: key 'user' is 'abc', but the request's 'user' is 'ab   '; "
        "give the rows of the request's entity",
    )
    assert problems(plan, {"user": "abcdef"}, rows={"clicks": None}, at=NOON) == (
        "request: column 'user': str 'abcdef' does not fit in char(5)",
    )


@pytest.mark.parametrize("other", ["string", "char(7)", "binary"])
def test_a_key_of_a_padded_type_matches_its_own_type_alone(other: str) -> None:
    labels = labels_of(columns={**LABELS, "user": other})
    with pytest.raises(
        FeatureError, match=rf"key 'user' is char\(5\) but label column 'user' is {re.escape(other)}"
    ):
        plan_of(table_of(labels, types={**TYPES, "user": "char(5)"}), labels=labels)


def test_a_padded_column_in_a_predicate_is_refused() -> None:
    """W5."""
    count = {**COUNT, "where": "s = 'x'"}
    with pytest.raises(
        FeatureError, match="aggregation 'n_1d': where: column 's' is a char, which Spark pads"
    ):
        plan_of(table_of(columns=[], aggregations=[count], types={**TYPES, "s": "char(3)"}))


def test_a_request_may_be_made_of_numpys_and_pandas_values() -> None:
    """F4: a subclass counts as its base."""

    def day(amount: float, event_timestamp: datetime) -> float:
        return amount + event_timestamp.day

    plan = plan_of(table_of(), functions=[day])
    moment = pd.Timestamp(NOON)
    user = enum.IntEnum("Users", {"A": 1}).A  # type: ignore[attr-defined]
    request = {"user": user, "amount": np.float64(0.5)}
    served = plan.compute(request, rows={"clicks": row(v=np.float64(2.0), seen_at=moment)}, at=moment)
    assert {name: repr(value) for name, value in served.items()} == {"clicks__v": "2.0", "day": "1.5"}
