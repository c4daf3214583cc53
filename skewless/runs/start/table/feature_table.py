"""A look at a table → the sections of `conf/feature_tables/NAME.yml`."""

from __future__ import annotations

from collections.abc import Iterator

from skewless.ground.instants import utc
from skewless.runs.start.table.columns import column_sections
from skewless.runs.start.table.keys import APART, Keys, keys_of
from skewless.runs.start.table.look import ColumnLook, Lag, TableLook
from skewless.runs.start.table.section import (
    Section,
    duration_above,
    length_text,
    listed,
    scalar,
    share_text,
)
from skewless.runs.start.table.times import Times, need_zone, times_of

NO_HISTORY = (
    "No time column: values overwritten since T leak into the past. Is there a table with their history?"
)


def feature_table(look: TableLook, now: int) -> Iterator[Section]:
    """Everything below `name` and `source`; `now` in microseconds tells which times lie in the future."""
    times = times_of(look)
    keys = keys_of(look, times.event)
    yield key_section(look, keys, times.event)
    if times.event is None:
        yield _static(look, keys)
    else:
        yield event_section(look, times, now)
        yield from _served(look, times.event, times)
        yield from zone_section(look, [times.event, times.available, times.until])
        yield from _ends(look, keys, times)
    yield from column_sections(look, keys, times)


def key_section(look: TableLook, keys: Keys, time: str | None) -> Section:
    evidence = [
        f"{scalar(name)}: {look.columns[name].kind.text}, {look.columns[name].distinct:,} distinct, "
        f"{nulls_text(look.columns[name])}"
        for name in keys.names
    ]
    if keys.names:
        beside = f" and {scalar(time)}" if time else ""
        evidence.append(
            f"{listed(keys.names)}{beside}: {share_text(keys.told_apart)} of the rows are told apart"
        )
    return Section([f"entity_keys: {listed(keys.names)}"], evidence, list(_key_questions(look, keys, time)))


def nulls_text(column: ColumnLook) -> str:
    return f"null in {share_text(column.null_share)}" if column.nulls else "no nulls"


def _key_questions(look: TableLook, keys: Keys, time: str | None) -> Iterator[str]:
    if not keys.names:
        yield "No column looks like a key. Are the rows about the whole world ([])? Else name the entity's."
    elif not keys.is_named:
        yield "No name says that this is a key; the rows alone do. Is it what the rows are about?"
    if keys.names and keys.told_apart < APART:
        rule = (
            "In windows each of them is an event; of an as-of join the tie is settled by J4"
            if time
            else "J4 settles which one is taken"
        )
        yield f"Rows share {'key and time' if time else 'their key'}. {rule}. Is a key missing?"
    if keys.alternatives:
        names = listed(keys.alternatives)
        yield f"{names} may be keys too. Features of those entities need a feature table each, over the same source."
    if keys.row_ids:
        yield f"{listed(keys.row_ids)} differs in each row and so was taken for the row's id. Or is it the entity?"
    if keys.names and not look.is_whole:
        yield "In the whole table rows may share more than in those that were looked at. Do these keys hold there?"
    for name in (name for name in keys.names if look.columns[name].nulls):
        yield f"Rows with a null {scalar(name)} match nothing (J5). Are they meant to?"


def _static(look: TableLook, keys: Keys) -> Section:
    questions = [NO_HISTORY, *_hidden_times(look, keys)]
    return Section(["static: true"], [], questions)


def _hidden_times(look: TableLook, keys: Keys) -> Iterator[str]:
    for name, reads_as in look.hidden_times.items():
        if name not in keys.names:
            kind = look.columns[name].kind.text
            yield f"{scalar(name)} is {kind} but reads as {reads_as}. Make it a timestamp column, and name it here?"


def event_section(look: TableLook, times: Times, now: int, meaning: str = "the fact became true") -> Section:
    name = str(times.event)
    evidence = [_time_text(look, name)]
    questions = [
        f"Is {scalar(name)} when {meaning}, and neither when it was written nor when it was planned?"
    ]
    first, last = look.bounds(name) or (0, 0)
    if last > now:
        questions.append(
            "Some lie in the future: are they planned or forecast? Such a row is invisible until then."
        )
    if look.columns[name].nulls:
        questions.append("Rows without it match nothing (J5). Are they meant to?")
    if first < _OLDEST or last > _NEWEST:
        questions.append("The first or last of them looks like a stand-in for none. Make those null?")
    questions += [
        f"{scalar(other)} is a time too{lag_text(times.lags.get(other), name)}. Is it the better one?"
        for other in times.others
    ]
    return Section([f"event_timestamp: {scalar(name)}"], evidence, questions)


_OLDEST, _NEWEST = 86_400_000_000, 2_524_608_000_000_000
"""1970-01-02 and 2050: times of before and after are seldom meant."""


def _time_text(look: TableLook, name: str) -> str:
    column = look.columns[name]
    grain = look.grain(name)
    whole = f", whole {grain}s" if grain and column.kind.kind != "date" else ""
    bounds = look.bounds(name)
    span = f", {utc(bounds[0])} to {utc(bounds[1])}" if bounds else ""
    return f"{scalar(name)}: {column.kind.text}, {nulls_text(column)}{span}{whole}"


def lag_text(lag: Lag | None, behind: str) -> str:
    """Where a time lies beside another, to follow its name."""
    if lag is None:
        return ""
    if not lag.later and not lag.earlier:
        return f", the same as {scalar(behind)} in every row"
    sides = [("later", lag.later), ("earlier", lag.earlier)]
    where = " and ".join(f"{side} in {share_text(share)} of the rows" for side, share in sides if share)
    lengths = f"by {length_text(lag.median)} in the median, {length_text(lag.most)} at the 99th percentile"
    return f", compared with {scalar(behind)} {where}, {lengths}"


def _served(look: TableLook, event: str, times: Times) -> Iterator[Section]:
    """`available_at`, `delay` and what follows for rows at exactly T (J2)."""
    if times.available:
        yield _available(look, event, times.available, times.lags[times.available])
        return
    offers, evidence = [], []
    if times.maybe_available:
        evidence.append(
            f"{scalar(times.maybe_available)}{lag_text(times.lags[times.maybe_available], event)}"
        )
        offers.append(f"available_at: {scalar(times.maybe_available)}")
    questions = [
        "When could serving first read a row? With neither available_at nor delay late rows can leak."
    ]
    if look.grain(event) == "day":
        evidence.append("A row of a whole day is visible from the midnight at which that day begins.")
        questions.append(
            "Is a row about its whole day? Then it is known a day later, or more; else lower the delay."
        )
        yield Section(["delay: 24h"], evidence, questions, offers)
        return
    evidence.append(
        "With neither key the table is strict (a row at exactly T is not yet visible); with one it is not."
    )
    yield Section([], evidence, questions, [*offers, "delay: 10m"])


def _available(look: TableLook, event: str, name: str, lag: Lag) -> Section:
    column = look.columns[name]
    evidence = [f"{scalar(name)}: {column.kind.text}{lag_text(lag, event)}"]
    questions = [
        f"Is {scalar(name)} when serving could first read the row? Landed is not yet served: delay is added to it."
    ]
    if lag.earlier:
        questions.append("Some rows were available before their fact. Is one of the two clocks wrong?")
    if column.nulls:
        nulls = share_text(column.null_share)
        questions.append(f"Null in {nulls}: those rows match nothing (J5). Are they meant to?")
    if lag.later == 0 and not lag.earlier:
        questions.append(
            "It never differs from the event timestamp. Was it copied from there, say by a backfill?"
        )
    return Section([f"available_at: {scalar(name)}"], evidence, questions, ["delay: 10m"])


def zone_section(look: TableLook, names: list[str | None]) -> Iterator[Section]:
    """`timezone`, where a time column is a clock time, or a date whose midnight may be another zone's."""
    if clocks := need_zone(look, names):
        evidence = [f"{listed(clocks)}: a clock time without a zone, which has to be declared (J9)."]
        yield Section(["timezone: UTC"], evidence, ["Whose clock was it? UTC is a guess."])
    elif dates := [name for name in names if name and look.columns[name].kind.kind == "date"]:
        evidence = [
            f"{listed(dates)}: dates are midnight UTC; calendar windows of another zone need this line."
        ]
        yield Section([], evidence, [], ["timezone: America/New_York"])


def _ends(look: TableLook, keys: Keys, times: Times) -> Iterator[Section]:
    """`max_age` and `valid_until`."""
    if times.until:
        nulls = share_text(look.columns[times.until].null_share)
        evidence = [f"{scalar(times.until)}: never before the event timestamp, null (no end) in {nulls}"]
        question = "Is it when the row stops to hold? If it was filled in later, it was not known at T."
        yield Section([], evidence, [question], [f"valid_until: {scalar(times.until)}"])
    if gaps := look.gaps(keys.names, str(times.event)):
        median, most = gaps
        sampled = "" if look.is_whole else ", in the rows looked at, which leave some out"
        evidence = [
            f"From an entity's row to its next: median {length_text(median)}, 99 % within {length_text(most)}{sampled}."
        ]
        question = "From what age on should a row no longer be used? Unless written, never."
        yield Section([], evidence, [question], [f"max_age: {duration_above(most)}"])
