"""Random columns of every type that an input may have, and feature functions over them that tell what they saw."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.oracles.asof import Row

UTC = timezone.utc
CLOCK_CHANGES = (
    datetime(2024, 3, 10, 7, tzinfo=UTC),  # New York
    datetime(2024, 11, 3, 6, tzinfo=UTC),
    datetime(2024, 3, 31, 1, tzinfo=UTC),  # Berlin
    datetime(2024, 10, 27, 1, tzinfo=UTC),
    datetime(1945, 10, 14, 17, 30, tzinfo=UTC),  # Kolkata
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
)


class Kind(NamedTuple):
    """A column's type in Spark, the annotation of a function that takes it, and its values."""

    spark: str
    annotation: str
    values: st.SearchStrategy[Any]


class Case(NamedTuple):
    """A table and a module of feature functions over its columns."""

    schema: str
    source: str
    rows: Sequence[Row]


def _whole(bits: int) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _shifted(moment: datetime, micros: int) -> datetime:
    try:
        return moment + timedelta(microseconds=micros)
    except OverflowError:
        return moment


INSTANTS = st.one_of(
    st.datetimes(timezones=st.just(UTC)),
    st.builds(
        _shifted, st.sampled_from(CLOCK_CHANGES), st.sampled_from((-3_600_000_000, -1, 0, 1, 1_800_000_000))
    ),
)
SCALARS = (
    Kind("boolean", "bool", st.booleans()),
    Kind("tinyint", "int", _whole(8)),
    Kind("bigint", "int", _whole(64)),
    Kind("int", "float", _whole(32)),
    Kind("float", "float", st.floats(width=32)),
    Kind("double", "float", st.one_of(st.floats(), st.sampled_from((-0.0, 5e-324, float("nan"))))),
    Kind("string", "str", st.text(max_size=8)),
    Kind("binary", "bytes", st.binary(max_size=8)),
    Kind(
        "date",
        "date",
        st.dates() | st.sampled_from((date.min, date(1969, 12, 31), date(1970, 1, 1), date.max)),
    ),
    Kind("timestamp", "datetime", INSTANTS),
)


@st.composite
def _decimals(draw: st.DrawFn) -> Kind:
    """Decimals that fit decimal(38, 18), the type of what functions give."""
    scale = draw(st.integers(0, 18))
    digits = draw(st.integers(1, 20)) + scale
    whole = st.integers(-(10**digits) + 1, 10**digits - 1)
    return Kind(
        f"decimal({digits},{scale})", "Decimal", whole.map(lambda number: Decimal(f"{number}e-{scale}"))
    )


def _array(item: Kind) -> Kind:
    values = st.lists(st.none() | item.values, max_size=3)
    return Kind(f"array<{item.spark}>", f"list[{item.annotation} | None]", values)


KINDS = st.recursive(st.sampled_from(SCALARS) | _decimals(), lambda inner: inner.map(_array), max_leaves=2)


@st.composite
def cases(draw: st.DrawFn, columns: int, rows: int) -> Case:
    """So many columns of random types, and rows that combine their values; a fifth of the values is null."""
    kinds = draw(st.lists(KINDS, min_size=columns, max_size=columns))
    pools = [draw(st.lists(kind.values, min_size=2, max_size=4)) for kind in kinds]
    rng = draw(st.randoms(use_true_random=False))
    schema = ", ".join(["case_id int", *(f"c{place} {kind.spark}" for place, kind in enumerate(kinds))])
    table = [
        {"case_id": row}
        | {f"c{place}": None if rng.random() < 0.2 else rng.choice(pool) for place, pool in enumerate(pools)}
        for row in range(rows)
    ]
    lines = ["from datetime import date, datetime", "from decimal import Decimal"]
    for place, kind in enumerate(kinds):
        lines += _functions(place, kind.annotation, kinds[place - 1].annotation)
    return Case(schema, "\n".join(lines), table)


def _functions(place: int, own: str, other: str) -> list[str]:
    """What comes back of a value, what Python saw of it, the null rule beside another input, and a dependent."""
    before = f"c{place - 1}" if place else "c0"
    beside = f", {before}: {other} | None" if place else ""
    return [
        f"def same{place}(c{place}: {own} | None) -> {own} | None: return c{place}",
        f"def seen{place}(c{place}: {own} | None) -> str: return repr(c{place})",
        f"def pair{place}(c{place}: {own}{beside}) -> str: return repr((c{place}, {before}))",
        f"def again{place}(same{place}: {own}) -> list[{own}]: return [same{place}, same{place}]",
    ]
