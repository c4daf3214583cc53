"""A build's profile → the part of its report about columns: a row for each, those that changed most first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from skewless.parts.page.grid import Cell, Content
from skewless.parts.page.page import Section
from skewless.parts.page.small_bars import SmallBar, small_bars
from skewless.parts.profile.columns import ColumnProfile, Figures
from skewless.parts.profile.divergence import by_chance
from skewless.parts.profile.looks import FEWEST_ROWS, GROUPS, bars, rates
from skewless.parts.profile.values import AGE, CATEGORY, SIZE
from skewless.runs.build.profiling import TIME, Profiled

CHANCE = 0.05
MOST_TEXTS = 3
LONGEST_TYPE, LONGEST_TEXT = 40, 24
UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


class Column(NamedTuple):
    """A column now and before, and the PSI between; None where there is nothing that could be compared."""

    name: str
    now: ColumnProfile
    before: ColumnProfile | None
    psi: float | None

    @property
    def change(self) -> tuple[float, float]:
        """What rows are sorted by: the greatest PSI first, then the greatest change of the share of nulls."""
        if self.psi is None or self.before is None:
            return 1.0, 0.0
        return -self.psi, -abs(self.now.figures.null_share - self.before.figures.null_share)


def columns_section(found: Profiled) -> Section:
    """The section; a build without a version before it keeps the order of its columns."""
    columns = [_column(found, name) for name in found.now.columns]
    if found.before:
        columns.sort(key=lambda each: each.change)
    drawn = {each.name: _rates(found, each) for each in columns}
    rates_drawn = drawn if any(drawn.values()) else {}
    header = ["column", "type", "values", "mean", "nulls"]
    header += ["nulls before", "PSI"] if found.before else []
    header += ["distribution"]
    header += [f"rate of {found.outcome[0]}"] if found.outcome and rates_drawn else []
    header += ["what it is"]
    rows = [tuple(_cells(found, each, rates_drawn)) for each in columns]
    return Section("Columns", tuple(_sentences(found, bool(rates_drawn))), tuple(header), tuple(rows))


def change_section(found: Profiled) -> Section:
    """What is another thing than in the version that stood: the number of rows, and the columns."""
    if found.before is None:
        return Section("Changed")
    before, now = found.before, found.now
    there, here = set(before.profile.columns), list(now.columns)
    new = [name for name in here if name not in there]
    sampled = (now.sampled, before.profile.sampled)
    chance = by_chance(*sampled, GROUPS - 1, CHANCE) if all(sampled) else 0.0
    moved = sorted((each for each in found.psi.items() if each[1] > chance), key=lambda each: -each[1])
    items = [f"rows: {now.rows:,}, before {before.profile.rows:,}"]
    items += (
        [f"columns that version {before.version} lacks: {', '.join(f'`{name}`' for name in new)}"]
        if new
        else []
    )
    most = f": most of all `{moved[0][0]}`, by {moved[0][1]:.3g}" if moved else ""
    items.append(
        f"{len(moved)} of {len(found.psi)} columns have a PSI above {chance:.2g}, which chance alone exceeds in "
        f"{CHANCE:.0%} of columns of so many rows{most}"
    )
    title = f"Changed against {before.which} in version {before.version}"
    return Section(title, items=tuple(items))


def _column(found: Profiled, name: str) -> Column:
    before = found.before.profile.columns.get(name) if found.before else None
    return Column(name, found.now.columns[name], before, found.psi.get(name))


def _sentences(found: Profiled, has_rates: bool) -> Iterator[str]:
    whole, sampled = found.now.rows, found.now.sampled
    yield (
        "Figures, distributions and rates are of all rows; quantiles are exact."
        if sampled == whole
        else f"Values, means and shares of nulls are of all {whole:,} rows; distributions, PSI and rates are of "
        f"{sampled:,} taken at random, and so are approximate."
    )
    if found.before:
        yield (
            "The columns that changed most come first, by PSI over ten quantile groups of the values before, then by "
            "nulls. Strokes across a distribution are those before."
        )
    if found.outcome and has_rates:
        yield (
            f"Rates are of `{found.outcome[0]}` in ten quantile groups of a column, from the least values to the "
            f"greatest, or by its frequent values; the line is the rate of all rows. Groups of fewer than "
            f"{FEWEST_ROWS} rows are not drawn."
        )
    if AGE in found.kinds.values():
        yield "A time is told by its age at T, negative after T."


def _cells(found: Profiled, column: Column, rates_drawn: Mapping[str, Content]) -> Iterator[Content]:
    kind, figures = found.kinds[column.name], column.now.figures
    spelt = SPELT.get(kind, number_text)
    yield column.name
    yield _cut(found.types[column.name], LONGEST_TYPE)
    yield _values(figures, kind, spelt)
    yield Cell("" if figures.mean is None or kind == TIME else spelt(figures.mean), figures.mean)
    yield share_text(figures.null_share)
    if found.before:
        yield share_text(column.before.figures.null_share) if column.before else ""
        yield "" if column.psi is None else f"{column.psi:.4f}"
    yield _distribution(column, spelt)
    if rates_drawn:
        yield rates_drawn[column.name]
    yield found.descriptions[column.name]


def _values(figures: Figures, kind: str, spelt: Callable[[float], str]) -> str:
    if kind != CATEGORY:
        if figures.least is None or figures.greatest is None:
            return "" if figures.nulls == figures.rows else "no finite number"
        ends = dict.fromkeys((spelt(figures.least), spelt(figures.greatest)))
        between = " to\n" if kind == TIME else " to "
        return between.join(ends) + (" elements" if kind == SIZE else "")
    if figures.texts is None:
        return "over 1,000 different"
    known = sum(figures.texts.values())
    frequent = sorted(figures.texts.items(), key=lambda each: (-each[1], each[0]))
    if not known:
        return ""
    told = [f"{_cut(text, LONGEST_TEXT)} {count / known:.1%}" for text, count in frequent[:MOST_TEXTS]]
    more = [f"{len(frequent) - MOST_TEXTS:,} more"] if len(frequent) > MOST_TEXTS else []
    return "\n".join([*told, *more])


def _distribution(column: Column, spelt: Callable[[float], str]) -> Content:
    is_held = column.before is not None and column.psi is not None
    sides = bars([column.now, column.before] if is_held and column.before else [column.now], spelt)
    drawn = []
    for place, bar in enumerate(sides[0]):
        beside = sides[1][place].share if len(sides) > 1 and sides[1] else None
        told = f"{bar.text}: {bar.share:.1%}" + ("" if beside is None else f", before {beside:.1%}")
        drawn.append(SmallBar(bar.share, told, beside))
    return small_bars(f"distribution of {column.name}", drawn)


def _rates(found: Profiled, column: Column) -> Content:
    """The label's rate by groups of a column; "" of keys, of outcomes, and of what has no two groups."""
    if found.outcome is None or column.name in found.outcomes | (found.ids - _times(found)):
        return ""
    name, is_true = found.outcome
    groups = rates(column.now.sample, is_true, SPELT.get(found.kinds[column.name], number_text))
    if len(groups) < 2:
        return ""
    shares = [each.share for each in groups]
    drawn = [SmallBar(each.share, f"{each.text}: {each.share:.1%} of {each.rows:,}") for each in groups]
    overall = sum(each.share * each.rows for each in groups) / sum(each.rows for each in groups)
    caption = f"{min(shares):.1%} to {max(shares):.1%}"
    return small_bars(f"rate of {name} by {column.name}", drawn, caption, overall)


def _times(found: Profiled) -> set[str]:
    return {name for name, kind in found.kinds.items() if kind == TIME}


def number_text(value: float) -> str:
    """
    >>> [number_text(each) for each in (3.0, 1234567.0, 0.123456, 98765.4321, 1e300)]
    ['3', '1,234,567', '0.1235', '98,765', '1e+300']
    """
    if abs(value) >= 1e15 or (value and abs(value) < 1e-4):
        return f"{value:.4g}"
    return f"{value:,.0f}" if value.is_integer() or abs(value) >= 1e4 else f"{value:.4g}"


def age_text(seconds: float) -> str:
    """
    >>> [age_text(each) for each in (0.0, 90.0, -5400.0, 864000.0)]
    ['0 s', '1.5 min', '-1.5 h', '10 d']
    """
    unit, size = next((each for each in UNITS if abs(seconds) >= each[1]), UNITS[-1])
    return f"{seconds / size:.3g} {unit}"


def time_text(seconds: float) -> str:
    """
    >>> time_text(1709294400.0), time_text(253402300800.0)
    ('2024-03-01 12:00', '9999-12-31 23:59')
    """
    # By a difference: years before 1970 and after 2038 are none to every platform's `fromtimestamp`.
    try:
        moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)
    except OverflowError:  # the last microsecond of the year 9999, as a double
        moment = datetime.max
    return f"{moment:%Y-%m-%d %H:%M}"


def share_text(share: float) -> str:
    """A share, of which a small one is not told as none.

    >>> [share_text(each) for each in (0.0, 0.00001, 0.25)]
    ['0.00%', '0.001%', '25.00%']
    """
    return f"{share * 100:.1g}%" if 0 < share < 0.0001 else f"{share:.2%}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


SPELT: dict[str, Callable[[float], str]] = {AGE: age_text, TIME: time_text}
