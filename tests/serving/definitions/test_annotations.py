"""Annotations as value types."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, List, Optional, Union  # noqa: UP035

import pytest

from skewless import ValueType
from skewless.serving.definitions.annotations import SCALARS, value_type


@pytest.mark.parametrize("scalar", SCALARS)
def test_a_scalar_is_its_own_kind(scalar: type) -> None:
    assert value_type(scalar) == ValueType(scalar)


@pytest.mark.parametrize("annotation", [int | None, None | int, Optional[int], Union[int, None]])  # noqa: UP007, UP045
def test_or_none_is_nullable_however_it_is_spelt(annotation: Any) -> None:
    assert value_type(annotation) == ValueType(int, nullable=True)


@pytest.mark.parametrize("annotation", [list[float], List[float]])  # noqa: UP006
def test_a_list_has_an_element_type(annotation: Any) -> None:
    assert value_type(annotation) == ValueType(list, element=ValueType(float))


def test_lists_nest_and_null_is_told_apart_at_each_depth() -> None:
    inner = ValueType(list, nullable=True, element=ValueType(dt.date))
    assert value_type(list[list[dt.date] | None]) == ValueType(list, element=inner)


@pytest.mark.parametrize(
    "text", ["bool", "datetime | None", "list[Decimal | None]", "list[list[int] | None] | None"]
)
def test_a_type_is_written_as_its_annotation(text: str) -> None:
    names = {"datetime": dt.datetime, "Decimal": Decimal}
    assert str(value_type(eval(text, names))) == text


@pytest.mark.parametrize(
    "annotation", [dict, list[dict[str, int]], int | str, Any, tuple[int], None, list[None], 3]
)
def test_anything_else_is_refused(annotation: Any) -> None:
    with pytest.raises(TypeError, match="is not a value type; use bool, int, float"):
        value_type(annotation)


@pytest.mark.parametrize("annotation", [list, List, List | None, list | None])  # noqa: UP006
def test_a_list_of_nothing_in_particular_is_refused(annotation: Any) -> None:
    with pytest.raises(TypeError, match=r"write list\[float\]"):
        value_type(annotation)


@pytest.mark.parametrize(
    ("declared", "given", "taken"),
    [
        (float, int, True),
        (int, float, False),
        (int, bool, False),
        (dt.date, dt.datetime, False),
        (float, float | None, True),
        (list[float], list[int], True),
        (list[float], list[float | None], False),
        (list[float | None], list[float], True),
        (list[int], int, False),
    ],
)
def test_which_types_may_be_passed_where(declared: Any, given: Any, taken: bool) -> None:
    assert value_type(declared).takes(value_type(given)) is taken
