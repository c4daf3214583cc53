"""Suites are held against what Great Expectations takes, by a table: without Spark, and without importing it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from skewless.config import Configuration
from skewless.config.specs.suite import read_suite
from skewless.ground.errors import InputError
from tests.helpers.expectation_table import TABLE, as_text, filled, table

NOT_NULL = "expect_column_values_to_not_be_null"
BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
ROWS = "expect_table_row_count_to_equal"
TYPES: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))["types"]
SAMPLES: list[Any] = [
    None,
    True,
    0,
    1,
    -1,
    0.5,
    2.5,
    "a",
    "",
    "2024-01-31",
    "any",
    [],
    [1],
    ["a"],
    ["a", "b"],
    [[1, 2]],
    {},
]


def problems(*expectations: Any) -> list[str]:
    text = json.dumps({"name": "gate", "expectations": list(expectations)}, indent=1)
    return [str(problem) for problem in read_suite("gate.json", text)[1]]


def one(name: str, severity: str = "critical", **arguments: Any) -> list[str]:
    return problems({"type": name, "kwargs": arguments, "severity": severity})


def is_taken(name: str, arguments: dict[str, Any]) -> bool:
    from great_expectations.expectations.registry import get_expectation_impl

    try:
        get_expectation_impl(name)(**arguments)
    except Exception:  # whatever its validators raise
        return False
    return True


def test_the_table_is_that_of_the_installed_great_expectations() -> None:
    assert TABLE.read_text(encoding="utf-8") == as_text(table())


def test_what_great_expectations_shows_as_examples_is_taken() -> None:
    examples = list(_examples())
    assert len({name for name, _ in examples}) > 40
    assert [one(name, **arguments) for name, arguments in examples if one(name, **arguments)] == []


def _examples() -> Iterator[tuple[str, dict[str, Any]]]:
    """The calls in the docstrings of Great Expectations, of types that Spark evaluates."""
    from great_expectations.expectations.registry import get_expectation_impl

    for name, spec in TYPES.items():
        model = get_expectation_impl(name)
        pattern = rf"^ *({model.__name__}\(.*?\n? *\))\n\n"
        for call in (
            re.findall(pattern, model.__doc__ or "", re.DOTALL | re.MULTILINE) if spec["spark"] else ()
        ):
            try:
                [parsed] = ast.parse(call.strip()).body
                assert isinstance(parsed, ast.Expr)
                assert isinstance(parsed.value, ast.Call)
                arguments = {str(each.arg): ast.literal_eval(each.value) for each in parsed.value.keywords}
            except (SyntaxError, ValueError):  # an example that is no literal
                continue
            if "type_" not in arguments:  # the types of other engines
                yield name, json.loads(json.dumps(arguments))


@pytest.mark.parametrize("name", [name for name, spec in TYPES.items() if spec["spark"]])
def test_what_is_taken_here_great_expectations_takes_too(name: str) -> None:
    spec = TYPES[name]
    wrong = []
    for argument in (*spec["arguments"], "nonsense"):
        for value in SAMPLES:
            arguments = {**filled(spec), argument: value}
            if not one(name, **arguments) and not is_taken(name, arguments):
                wrong.append((argument, value))
    # What these have to look like inside is for Great Expectations to say, before a build starts Spark.
    inside = {"row_condition", "result_format", "quantile_ranges", "strftime_format", "escape"}
    assert [(argument, value) for argument, value in wrong if argument not in inside] == []


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        (NOT_NULL, {"column": 5}, "column: expected a column, found 5"),
        (NOT_NULL, {"column": "a", "mostly": "0.9"}, 'mostly: expected a number from 0 up to 1, found "0.9"'),
        (NOT_NULL, {"column": "a", "mostly": 1.5}, "mostly: expected a number from 0 up to 1, found 1.5"),
        (NOT_NULL, {"column": "a", "mostly": True}, "mostly: expected a number from 0 up to 1, found true"),
        (NOT_NULL, {}, "no argument 'column'; add it"),
        (NOT_NULL, {"column": "a", "mostli": 1}, "mostli: unknown argument; did you mean 'mostly'?"),
        (IN_SET, {"column": "a", "value_set": "x"}, 'value_set: expected a list, found "x"'),
        (BETWEEN, {"column": "a"}, "neither min_value nor max_value; add one of them"),
        (BETWEEN, {"column": "a", "min_value": 2, "max_value": 1}, "min_value 2 is above max_value 1"),
        (
            BETWEEN,
            {"column": "a", "min_value": "soon"},
            'expected a number or a time in quotes or null, found "soon"',
        ),
        (
            "expect_column_values_to_be_of_type",
            {"column": "a", "type_": "int"},
            "expected the name of a Spark type",
        ),
        (ROWS, {"value": 1.5}, "value: expected a whole number, found 1.5"),
        ("expect_compound_columns_to_be_unique", {"column_list": ["a"]}, "expected a list of at least 2"),
        (
            "expect_table_columns_to_match_set",
            {"column_set": ["a", 1]},
            "column_set: expected a list of columns",
        ),
        ("expect_column_pair_values_to_be_equal", {"column_A": "a"}, "no argument 'column_B'; add it"),
        (NOT_NULL, {"column": "a", "row_condition": "b > 1"}, "needs a condition_parser"),
        (
            NOT_NULL,
            {"column": "a", "row_condition": "b > 1", "condition_parser": "pandas"},
            "condition_parser: expected",
        ),
    ],
)
def test_wrong_arguments_are_named_with_what_was_expected(
    name: str, arguments: dict[str, Any], said: str
) -> None:
    [problem] = one(name, **arguments)
    assert said.rsplit(": ", maxsplit=1)[-1] in problem
    assert problem.startswith("gate.json:")
    assert f"{name}: " in problem


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("expect_column_values_to_not_be_nul", f"did you mean '{NOT_NULL}'?"),
        ("expect_colum_max_to_be_between", "did you mean 'expect_column_max_to_be_between'?"),
        ("ExpectColumnValuesToNotBeNull", f"did you mean '{NOT_NULL}'?"),
        ("quite_another_thing", "see its gallery of expectations"),
        ("expect_column_values_to_match_like_pattern", "does not evaluate"),
        (7, "expected the type of an expectation, found 7"),
    ],
)
def test_unknown_types_are_named_with_the_nearest_spelling(name: Any, said: str) -> None:
    [problem] = one(name, column="a")
    assert said in problem
    assert "expectations[0].type" in problem


@pytest.mark.parametrize("expression", ["label_events", "label_events * 0.95", "trunc(1e-1 * label_events)"])
def test_the_number_of_label_events_is_a_parameter_wherever_a_number_stands(expression: str) -> None:
    parameter = {"$PARAMETER": expression}
    assert one(ROWS, value=parameter) == []
    assert one("expect_table_row_count_to_be_between", min_value=parameter, max_value=10**12) == []
    assert "found the parameter" in one(IN_SET, column="a", value_set=parameter)[0]


@pytest.mark.parametrize("expression", ["label_event", "now()", "rows + label_events", "1", "", 3, None])
def test_other_parameters_are_refused(expression: Any) -> None:
    [problem] = one(ROWS, value={"$PARAMETER": expression})
    assert "expectations[0].kwargs.value" in problem
    assert "there is label_events, the number of label events" in problem


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("expect_x", 'expected a mapping with a type, found "expect_x"'),
        ({"type": NOT_NULL}, "kwargs: expected a mapping of arguments, found null"),
        ({"kwargs": {}}, "type: expected the type of an expectation, found null"),
        ({"expectation_type": NOT_NULL, "type": NOT_NULL, "kwargs": {"column": "a"}}, "unknown key"),
        ({"type": NOT_NULL, "kwargs": {"column": "a"}, "severity": "fatal"}, 'no severity "fatal"'),
    ],
)
def test_what_is_no_expectation_is_refused(item: Any, said: str) -> None:
    [problem] = problems(item)
    assert said in problem


def test_problems_are_at_their_lines_and_all_at_once() -> None:
    text = """{"name": "gate",
      "expectations": [
        {"type": "expect_column_values_to_not_be_null", "kwargs": {
          "column": "a",
          "mostly": 2}},
        {"type": "expect_no_such_thing", "kwargs": {}}
    ], "owner": "me"}"""
    found = [str(problem).partition(": ")[0] for problem in read_suite("gate.json", text)[1]]
    assert found == ["gate.json:7", "gate.json:5", "gate.json:6"]


@pytest.mark.parametrize(
    "text", ['{"name": "g", "name": "h", "expectations": []}', '{"expectations": [{"a": 1, "a": 2}]}']
)
def test_a_key_written_twice_is_refused(text: str) -> None:
    [problem] = read_suite("gate.json", text)[1]
    assert "written twice" in str(problem)


def test_a_training_set_is_refused_with_its_suite(configuration: Callable[..., Configuration]) -> None:
    training_set = """
        name: s
        labels: {source: a/b, entity_keys: [k], event_timestamp: t, label_columns: [y]}
        output: o/s
        expectations: gate
    """
    suite = json.dumps({"name": "gate", "expectations": [{"type": "expect_x", "kwargs": {}}]})
    conf = configuration({"training_sets/s.yml": training_set, "expectations/gate.json": suite})
    with pytest.raises(InputError, match="no expectation 'expect_x'"):
        conf.training_set("s")
    assert ["expect_x" in problem for problem in conf.problems] == [True]
