"""The predicates of `where`: grammar, three-valued meaning, types and the text for Spark."""

from __future__ import annotations

import math
import pickle
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from skewless.serving.errors import FeatureError
from skewless.serving.predicates import predicate
from skewless.serving.predicates.predicate import (
    PredicateError,
    bind,
    check,
    columns,
    compiled,
    parse,
    to_sql,
)
from tests.helpers.predicate_strategies import COLUMN_TYPES, predicates, rows
from tests.oracles.asof import Row
from tests.oracles.windows import Meaning

NOON = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
GRAMMAR = "a predicate takes comparisons of columns and literals, AND, OR, NOT, IN, BETWEEN and IS [NOT] NULL"


def holds(text: str, **row: Any) -> bool | None:
    truth: bool | None = compiled(parse(text))(row)
    return truth


def refusal(text: str) -> str:
    with pytest.raises(PredicateError) as caught:
        parse(text)
    return str(caught.value)


@settings(max_examples=600)
@given(predicates(), rows())
def test_a_random_predicate_means_what_was_meant(written: tuple[str, Meaning], row: Row) -> None:
    text, meaning = written
    tree = parse(text)
    assert check(tree, COLUMN_TYPES) == []
    assert compiled(tree)(row) is meaning(row)
    assert compiled(tree, COLUMN_TYPES)(row) is meaning(row)


def test_null_is_not_true_and_not_false() -> None:
    assert holds("a = 1", a=None) is None
    assert holds("NOT a = 1", a=None) is None
    assert holds("a = NULL", a=1) is None
    assert holds("a = 1 OR TRUE", a=None) is True
    assert holds("a = 1 AND FALSE", a=None) is False
    assert holds("a IN (1, NULL)", a=2) is None
    assert holds("a IN (1, NULL)", a=1) is True
    assert holds("a NOT IN (1, NULL)", a=2) is None
    assert holds("a BETWEEN NULL AND 1", a=2) is False
    assert holds("a IS NULL", a=None) is True
    assert holds("(a = 1) IS NOT NULL", a=None) is False


def test_nan_equals_itself_and_is_greatest() -> None:
    assert holds("x = y", x=math.nan, y=-math.nan) is True
    assert holds("x > y", x=math.nan, y=math.inf) is True
    assert holds("x < 1", x=math.nan) is False
    assert holds("x IN (y, 1)", x=math.nan, y=math.nan) is True
    assert holds("x = 0.0", x=-0.0) is True


def test_an_integer_and_a_double_compare_as_doubles() -> None:
    assert holds("n = 9007199254740992e0", n=2**53 + 1) is True
    assert holds("n = 9007199254740992", n=2**53 + 1) is False
    assert holds("n = 9007199254740992.0", n=2**53 + 1) is False
    assert holds("x = 9007199254740993", x=2.0**53) is True
    assert holds("d = 1e-1", d=Decimal("0.1")) is True
    assert holds("x = 0.1", x=0.1) is True


def test_an_int_in_a_column_of_doubles_is_a_double() -> None:
    tree = parse("x = 9007199254740992")
    assert compiled(tree)({"x": 2**53 + 1}) is False
    assert compiled(tree, {"x": "double"})({"x": 2**53 + 1}) is True


def test_text_compares_by_bytes_and_a_quote_is_doubled() -> None:
    assert holds("s > '\uffff'", s="\U0001f600") is True
    assert holds("s = 'it''s'", s="it's") is True
    assert holds("s < 'a'", s="Z") is True


def test_instants_compare_whatever_zone_they_are_given_in() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    assert holds("at = TIMESTAMP '2024-07-01 12:00:00'", at=NOON.astimezone(east)) is True
    assert holds("at = TIMESTAMP '2024-07-01T17:30+05:30'", at=NOON) is True
    assert holds("at < TIMESTAMP '2024-07-01 08:00:00.000001 America/New_York'", at=NOON) is True
    assert holds("at > TIMESTAMP '2024-07-01'", at=NOON) is True


def test_a_repeated_local_time_is_the_earlier_and_a_skipped_one_the_later() -> None:
    assert to_sql(parse("at < TIMESTAMP '2024-11-03 01:30:00 America/New_York'")) == (
        "(`at` < TIMESTAMP '2024-11-03 05:30:00.000000Z')"
    )
    assert to_sql(parse("at < TIMESTAMP '2024-03-10 02:30:00 America/New_York'")) == (
        "(`at` < TIMESTAMP '2024-03-10 07:30:00.000000Z')"
    )


def test_not_binds_tighter_than_and_and_and_tighter_than_or() -> None:
    assert parse("a OR b AND NOT c") == parse("a OR (b AND (NOT c))")
    assert parse("NOT a = 1 AND b") == parse("(NOT (a = 1)) AND b")
    assert parse("a BETWEEN 1 AND 2 AND b") == parse("(a >= 1 AND a <= 2) AND b")


def test_columns_may_be_called_date_or_anything_in_backquotes() -> None:
    assert columns(parse("date > DATE '2024-01-01' AND `a b``c` IS NULL AND Timestamp IS NULL")) == (
        "date",
        "a b`c",
        "Timestamp",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"the end at character 1: expected a column or a literal; {GRAMMAR}"),
        ("a = ", f"the end at character 5: expected a column or a literal; {GRAMMAR}"),
        ("a LIKE 'b'", f"'LIKE' at character 3: expected AND, OR or the end; {GRAMMAR}"),
        ("lower(a) = 'b'", f"'lower(' at character 1: functions are outside the grammar; {GRAMMAR}"),
        ("a + 1 > 2", f"'+' at character 3: {GRAMMAR}"),
        ("a <=> 1", "'<=>' at character 3: write a = b OR (a IS NULL AND b IS NULL)"),
        ('a = "b"', "'\"' at character 5: write '…' for text and `…` for a column"),
        ("a = 'b", "''' at character 5: the text that begins here has no end"),
        (
            "a.b = 1",
            "'.' at character 2: a nested field is outside the grammar; write `…` around a name with a dot",
        ),
        ("a = 5L", "'5' at character 5: not a number; a name that begins with a digit is written `…`"),
        (r"a = 'b\n'", "backslash at character 7: text with a backslash is outside the grammar"),
        ("a = 1e999", "'1e999' at character 5: a double holds no such number"),
        ("a IN ()", f"')' at character 7: expected a column or a literal; {GRAMMAR}"),
        ("a IS 1", f"'1' at character 6: expected NULL; {GRAMMAR}"),
        ("(a = 1", f"the end at character 7: expected AND, OR or ); {GRAMMAR}"),
        ("a = -b", f"'b' at character 6: expected a number behind '-'; {GRAMMAR}"),
        ("a = DATE '2024-02-30'", "DATE '2024-02-30' at character 10: day is out of range for month"),
        ("1 = 'a'", "1L = 'a' compares integer with string"),
        ("'a'", "'a' is string; a predicate is boolean, such as a comparison"),
        ("a AND 1", "1L is integer; a predicate is boolean, such as a comparison"),
        (
            "a = 1 = b",
            "'=' at character 7: expected AND, OR or the end, with parentheses around a test that is "
            f"compared in turn; {GRAMMAR}",
        ),
    ],
)
def test_what_is_outside_the_grammar_is_refused_with_its_place(text: str, message: str) -> None:
    assert refusal(text) == message


def test_a_date_or_an_instant_in_disorder_is_refused() -> None:
    assert refusal("a > TIMESTAMP 'yesterday'").startswith(
        "TIMESTAMP 'yesterday' at character 15: write yyyy-mm-dd"
    )
    assert "did you mean 'America/New_York'" in refusal("a > TIMESTAMP '2024-01-01 America/NewYork'")
    assert refusal(f"a = {'9' * 39}") == "number at character 5: more than the 38 digits of a decimal"


def test_too_many_levels_are_refused_and_many_terms_are_not() -> None:
    assert refusal("(" * 51 + "a" + ")" * 51) == "more than 50 levels of parentheses and NOT at character 52"
    assert holds(" OR ".join(f"a = {n}" for n in range(5000)), a=4999) is True


def test_check_names_unknown_columns_and_unlike_types() -> None:
    types = {"amount": "double", "kind": "string", "at": "timestamp", "day": "date", "tags": "array<int>"}
    assert check(parse("amuont > 1 AND kind = 2"), types) == [
        "unknown column 'amuont'; did you mean 'amount'?",
        "`kind` = 2L compares string with integer",
    ]
    assert check(parse("at > '2024-01-01'"), types) == [
        "`at` > '2024-01-01' compares timestamp with string; write TIMESTAMP '…'"
    ]
    assert check(parse("at > day"), types) == ["`at` > `day` compares timestamp with date"]
    assert check(parse("tags = tags OR kind"), types) == [
        "`tags` = `tags` compares array<int>, a type that only IS [NOT] NULL takes",
        "`kind` is string; a predicate is boolean, such as a comparison",
    ]
    assert check(parse("tags IS NOT NULL AND kind IN ('a', NULL) AND amount > 1"), types) == []


def test_bind_gives_columns_the_tables_spelling() -> None:
    tree = bind(parse("Amount > 1 AND KIND IN ('a') AND other IS NULL"), ["amount", "kind", "Kind"])
    assert columns(tree) == ("amount", "Kind", "other")
    assert columns(bind(parse("kind IS NULL"), ["kind", "Kind"])) == ("kind",)


def test_sql_leaves_nothing_to_settings() -> None:
    text = (
        "s = 'it''s' OR s = '${x}' OR n IN (-1, 2) AND d < .5 OR x > 1e3 OR day = DATE '2024-02-29' OR flag"
    )
    assert to_sql(parse(text)) == (
        "((`s` = CAST(X'69742773' AS STRING)) OR (`s` = CAST(X'247B787D' AS STRING)) "
        "OR ((`n` IN (-1L, 2L)) AND (`d` < CAST(0.5BD AS DECIMAL(1,1)))) "
        "OR (CAST(`x` AS DOUBLE) > 1000.0D) OR (`day` = DATE '2024-02-29') OR `flag`)"
    )


def test_sql_casts_both_sides_where_one_is_a_double() -> None:
    types = {"x": "double", "n": "integer", "d": "decimal"}
    assert to_sql(parse("x > 1"), types) == "(CAST(`x` AS DOUBLE) > 1.0D)"
    assert to_sql(parse("n = x"), types) == "(CAST(`n` AS DOUBLE) = CAST(`x` AS DOUBLE))"
    assert to_sql(parse("n IN (1, x, 1.5)"), types) == (
        "((`n` = 1L) OR (CAST(`n` AS DOUBLE) = CAST(`x` AS DOUBLE)) OR (`n` = CAST(1.5BD AS DECIMAL(2,1))))"
    )


def test_sql_spells_a_list_of_several_types_out_pair_by_pair() -> None:
    assert (
        to_sql(parse("n IN (1, 1.5)"), {"n": "integer"})
        == "((`n` = 1L) OR (`n` = CAST(1.5BD AS DECIMAL(2,1))))"
    )
    assert to_sql(parse("n IN (1, NULL)"), {"n": "integer"}) == "(`n` IN (1L, NULL))"


def test_unlike_values_are_an_error_that_names_them() -> None:
    with pytest.raises(FeatureError, match=r"expected values of like types, found string '1' with integer 1"):
        holds("a = 1", a="1")
    with pytest.raises(
        FeatureError, match=r"expected values of like types, found boolean True with integer 1"
    ):
        holds("a = 1", a=True)
    with pytest.raises(FeatureError, match=r"column 'at': naive datetime"):
        holds("at > TIMESTAMP '2024-01-01'", at=datetime(2024, 1, 1))
    with pytest.raises(FeatureError, match=r"no column 'a'; the event has b"):
        holds("a = 1", b=1)
    with pytest.raises(FeatureError, match=r"expected a predicate, found the integer 1"):
        holds("NOT a", a=1)


def test_a_column_of_any_type_has_a_null_test() -> None:
    assert holds("tags IS NULL", tags=["a"]) is False
    assert holds("tags IS NOT NULL", tags={"a": 1}) is True


def test_trees_are_equal_where_they_mean_the_same_and_survive_pickling() -> None:
    tree = parse("a == 1 and b != 'x'")
    assert tree == parse("`a` = 1 AND b <> 'x'")
    assert pickle.loads(pickle.dumps(tree)) == tree
    assert set(predicate.__all__) <= set(vars(predicate))
