"""What a build would do, for a terminal: label events, then what is read of each table and why, then how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from skewless.runs.build.explain.plan import (
    Amount,
    Plan,
    PlannedJoin,
    PlannedLabelEvents,
    PlannedLog,
    PlannedTable,
)
from skewless.runs.build.told.summary import left_out_lines

HEADER = ("table", "version", "rows", "files", "MB", "reads the events")


def summary_of_explanation(plan: Plan) -> str:
    """A plan in a screenful: what is read, why so much and no less, how it is joined, what is replaced, what warns."""
    return "\n".join(_lines(plan))


def _lines(plan: Plan) -> Iterator[str]:
    events = plan["label_events"]
    yield (
        f"{plan['training_set']}: plan for {events['taken']:,} label events, {len(plan['columns'])} columns; "
        "nothing is built or written"
    )
    yield from _told(plan)


def _told(plan: Plan) -> Iterator[str]:
    events = plan["label_events"]
    for name, source in events["sources"].items():
        yield _line(
            name.replace("labels", "label events", 1), f"{source['location']}, version {source['version']}"
        )
    yield _line("", f"{_amount(events)}; {events['in_range']:,} in range{_span(events)}")
    for line in left_out_lines(events["left_out"], events["where"]):
        yield _line("left out", line)
    if events["null_times"]:
        yield _line("null T", f"{events['null_times']:,} label events, which see nothing")
    yield from _tables(plan["feature_tables"])
    yield _line("strategy", f"{plan['strategy']}: {plan['why']}")
    for join in plan["joins"]:
        yield _line("join", join_of(join))
    yield from _log_lines(plan["log"])
    yield from _after(plan)
    yield from _notes(plan["feature_tables"])


def join_of(join: PlannedJoin) -> str:
    """How the tables of one set of keys are joined, in a sentence."""
    keys = f"on {', '.join(join['keys'])}" if join["keys"] else "on no key"
    told = f"{keys}: {', '.join(join['feature_tables'])}: {join['strategy']} ({join['why']})"
    if join["partitions"] is not None:
        told += f", into {join['partitions']:,} partition{'' if join['partitions'] == 1 else 's'}"
    return told + (f"; windows of {', '.join(join['windows'])} in the same pass" if join["windows"] else "")


def reads_of(table: PlannedTable) -> str:
    """Which of a table's events are read and why so many and no fewer."""
    if table["until"] is None:
        return f"all: {table['since_because']}"
    until = f"{table['until']} ({table['until_because']})"
    if table["since"] is None:
        return f"everything up to {until}: {table['since_because']}"
    return f"from {table['since']} ({table['since_because']}) to {until}"


def _tables(tables: Mapping[str, PlannedTable]) -> Iterator[str]:
    if not tables:
        return
    rows = [HEADER, *(_row(name, table) for name, table in tables.items())]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADER) - 1)]
    for first, *numbers, last in rows:
        aligned = [f"{number:>{width}}" for number, width in zip(numbers, widths[1:], strict=True)]
        yield "  " + "  ".join([f"{first:<{max(widths[0], 13)}}", *aligned, last])
    for name, table in tables.items():
        if table["windows"]:
            yield _line("windows", f"{name}: {', '.join(table['windows'])}")


def _row(name: str, table: PlannedTable) -> tuple[str, ...]:
    files = f"{table['files']}/{table['of_files']}"
    return (name, str(table["version"]), _rows(table), files, _megabytes(table), reads_of(table))


def _amount(read: Amount) -> str:
    return f"{_rows(read)} rows in {read['files']} of {read['of_files']} files, {_megabytes(read)} MB"


def _rows(read: Amount) -> str:
    """The rows in the files that are read; a question mark where the table's log does not count them."""
    return "?" if read["rows"] is None else f"{read['rows']:,}"


def _megabytes(read: Amount) -> str:
    return f"{read['bytes'] / 1e6:.1f}/{read['of_bytes'] / 1e6:.1f}"


def _span(events: PlannedLabelEvents) -> str:
    return f", T from {events['first']} to {events['last']}" if events["first"] else ""


def _log_lines(log: PlannedLog | None) -> Iterator[str]:
    if log is None:
        return
    by = " or ".join({"request_id": "request id", "keys": "keys and T"}[way] for way in log["matched_by"])
    yield _line("log", f"{log['location']}, version {log['version']}: {_amount(log)}; matched by {by}")
    yield _line("", f"{len(log['taken'])} columns are taken from it; what is missing: {log['missing']}")
    if log["not_read"]:
        yield _line(
            "", f"not read, since their columns come from the log alone: {', '.join(log['not_read'])}"
        )


def _after(plan: Plan) -> Iterator[str]:
    features, suite, output = plan["features"], plan["expectations"], plan["output"]
    if features["functions"]:
        told = f"{features['functions']} functions of {features['inputs']} inputs, one pass in Arrow"
        yield _line("features", f"{told} ({', '.join(features['modules'])})")
    if plan["parity_sample"]:
        told = f"up to {plan['parity_sample']:,} label events and the hard cases are replayed through serving"
        yield _line("parity", f"{told}, from the raw rows of their entities")
    if suite:
        yield _line("expectations", f"{suite['expectations']} of suite {suite['suite']}")
    stands = (
        "nothing stands there" if output["version"] is None else f"version {output['version']} stands there"
    )
    replaced = (
        f"the rows with {output['replaces']} are replaced" if output["replaces"] else "all rows are replaced"
    )
    yield _line(
        "output", f"{output['location']}: {stands}" + ("" if output["version"] is None else f", {replaced}")
    )


def _notes(tables: Mapping[str, PlannedTable]) -> Iterator[str]:
    """Each table's freshness and warnings once, whatever names it is joined by."""
    fresh = {table["table"]: table["fresh"] for table in tables.values() if table["fresh"]}
    for name, told in fresh.items():
        ready = f"feature table '{name}' has a row of the last {told['require_fresh']} before {told['visible_at']}"
        yield _line("ready", ready) if told["problem"] is None else _line("NOT READY", told["problem"])
    for note in dict.fromkeys(warning for table in tables.values() for warning in table["warnings"]):
        yield _line("warning", note)


def _line(name: str, text: str) -> str:
    return f"  {name:<13} {text}"
