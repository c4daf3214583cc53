"""How a joined column and a window aggregation come about, in a sentence."""

from __future__ import annotations

from skewless.config.resolution import JoinedTable
from skewless.config.specs.feature_table import FeatureTable
from skewless.serving.aggregations.aggregation import Aggregation
from skewless.serving.aggregations.bounds import RollingWindow, Window
from skewless.serving.values.durations import in_one_unit, microseconds, shortest

_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day"}


def column_in_words(join: JoinedTable, column: str) -> str:
    """An as-of joined column: of which row it is, and when there is none."""
    table = join.table
    if table.static:
        return f"{column} of the row of {table.name}{_on(join)}, whatever T: the table has no history"
    age = "" if table.max_age is None else f", at most {length(microseconds(table.max_age))} old"
    end = "" if table.valid_until is None else f", before its {table.valid_until}"
    return f"{column} of the newest row of {table.name}{_on(join)} visible {_visible(table)}{age}{end}"


def _visible(table: FeatureTable) -> str:
    return "before T" if table.is_strict else "at T"


def _on(join: JoinedTable) -> str:
    """The keys that the two sides call by other names; equal names go without saying."""
    differing = [f"{key} = {label}" for key, label in join.keys if key.casefold() != label.casefold()]
    return f" ({' and '.join(differing)})" if differing else ""


def aggregation_in_words(join: JoinedTable, aggregation: Aggregation, where: str | None) -> str:
    """A window aggregation, for instance: count of rows over the last 7 days, rolling, ends before T."""
    chosen = f" where {where}" if where else ""
    return f"{_computed(aggregation)}{chosen}{_on(join)} {window_in_words(aggregation.window)}"


def _computed(aggregation: Aggregation) -> str:
    if aggregation.column is None:
        return aggregation.kind.words_of_rows
    return aggregation.kind.words.format(column=aggregation.column, argument=aggregation.argument)


def window_in_words(window: Window) -> str:
    """
    >>> window_in_words(RollingWindow(7 * 86_400_000_000))
    'over the last 7 days, rolling, ends before T'
    >>> window_in_words(RollingWindow(86_400_000_000, 3_600_000_000))
    'over 1 day, rolling, ends before T less 1 hour'
    """
    if isinstance(window, RollingWindow):
        if window.offset:
            return f"over {length(window.length)}, rolling, ends before T less {length(window.offset)}"
        return f"over the last {length(window.length)}, rolling, ends before T"
    zone = f"by the clock of {window.zone.key}"
    if not window.offset:
        others = f" and the {_counted(window.length - 1, window.unit)} before it" if window.length > 1 else ""
        return f"over the {window.unit} of T{others}, {zone}, ends before T"
    back = f"{_counted(window.offset - 1, window.unit)} before the" if window.offset > 1 else "where the"
    return f"over {_counted(window.length, f'whole {window.unit}')}, {zone}, ends {back} {window.unit} of T starts"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def length(micros: int) -> str:
    """
    >>> length(129_600_000_000), length(60_000_000), length(500_000)
    ('36 hours', '1 minute', 'PT0.5S')
    """
    counted = in_one_unit(micros)
    return _counted(counted[0], _UNITS[counted[1]]) if counted else shortest(micros)
