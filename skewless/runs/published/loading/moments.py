"""What stands for a moment → microseconds since 1970: arguments, and time columns as Arrow has them."""

from __future__ import annotations

from datetime import date, datetime, time, timezone
from typing import TYPE_CHECKING, Any

from skewless.serving.errors import kind_of
from skewless.serving.values.instants import local_micros, micros, read_zone

if TYPE_CHECKING:
    import pyarrow as pa


def moment_of(name: str, given: Any, problems: list[str]) -> int | None:
    """A datetime (a naive one is UTC), a date or an ISO text of either; a problem of it goes among the others."""
    try:
        # `Z` is read by later versions of Python only.
        moment = datetime.fromisoformat(given.replace("Z", "+00:00")) if isinstance(given, str) else given
    except ValueError:
        problems.append(
            f"{name}: '{given}' is no date and no ISO timestamp; write 2024-06-01, or 2024-06-01T12:00:00Z"
        )
        return None
    if moment is None:
        return None
    if not isinstance(moment, date):  # which a datetime is too
        problems.append(f"{name}: expected a datetime, a date or an ISO text, found {kind_of(given)}")
        return None
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    return micros(moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc))


def instants(column: pa.ChunkedArray, zone: str | None) -> pa.Array:
    """A time column as microseconds since 1970, by J9: dates are midnight of the zone, else of UTC; clock times are
    those of the zone, in the autumn fold the earlier instant, in the spring gap the later wall time.
    """
    import pyarrow as pa

    values = column.combine_chunks()
    kind = values.type
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return values.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    # Arrow's own `assume_timezone` knows neither what lies in a gap nor, on some machines, any zone: each distinct wall
    # time is read by the rule that serving reads it by.
    place = read_zone(zone or "UTC")
    coded = values.dictionary_encode()
    known = [local_micros(_wall(value), place) for value in coded.dictionary.to_pylist()]
    return pa.array(known, pa.int64()).take(coded.indices)


def _wall(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time())
