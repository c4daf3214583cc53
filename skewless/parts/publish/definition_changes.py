"""Two serving plans → what decides a value otherwise in the second: features, tables and windows by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]


def changes(old: Document, new: Document) -> list[str]:
    """What changed from one plan to the other, a phrase for each feature, table, window and label column.

    Phrases name the later state and, where it is short, the earlier one: `aggregation 'clicks.views_7d' (window 7d, now
    14d)`, `feature 'is_new' (its code)`, `feature 'age' (new)`, `feature 'size' (gone)`.
    """
    found = [*_label_changes(old["label_events"], new["label_events"])]
    tables = [{each["name"]: each for each in plan["feature_tables"]} for plan in (old, new)]
    for name, before, now in _pairs(*tables):
        found += _table_changes(name, before, now)
    functions = [{each["name"]: each for each in plan["features"]["functions"]} for plan in (old, new)]
    for name, before, now in _pairs(*functions):
        if why := _otherwise(before, now, _function_change):
            found.append(f"feature '{name}' ({why})")
    return found or [*_order_changes(old, new)]


def _pairs(
    old: Mapping[str, Document], new: Mapping[str, Document]
) -> Iterator[tuple[str, Document | None, Document | None]]:
    for name in {**old, **new}:
        yield name, old.get(name), new.get(name)


def _otherwise(before: Document | None, now: Document | None, change: Any) -> str | None:
    if before is None:
        return "new"
    if now is None:
        return "gone"
    found: str | None = change(before, now)
    return found


def _label_changes(before: Document, now: Document) -> Iterator[str]:
    for key in now:
        if key != "columns" and before.get(key) != now[key]:
            yield f"labels.{key} ({_short(before.get(key))}, now {_short(now[key])})"
    for name in {**before["columns"], **now["columns"]}:
        one, other = before["columns"].get(name), now["columns"].get(name)
        if one != other:
            why = "new" if one is None else "gone" if other is None else f"{one}, now {other}"
            yield f"label column '{name}' ({why})"


def _table_changes(name: str, before: Document | None, now: Document | None) -> Iterator[str]:
    if before is None or now is None:
        yield f"feature table '{name}' ({'new' if before is None else 'gone'})"
        return
    keys = [key for key in now if key not in ("name", "aggregations", "types")]
    retyped = [key for key, kind in now["types"].items() if before["types"].get(key, kind) != kind]
    found = _differing(before, now, keys)
    found += [f"{key} {before['types'][key]}, now {now['types'][key]}" for key in retyped]
    if found:
        yield f"feature table '{name}' ({'; '.join(found)})"
    windows = [{each["name"]: each for each in table["aggregations"]} for table in (before, now)]
    for window, one, other in _pairs(*windows):
        if why := _otherwise(one, other, _window_change):
            yield f"aggregation '{name}.{window}' ({why})"


def _window_change(before: Document, now: Document) -> str | None:
    return "; ".join(_differing(before, now, {**before, **now})) or None


def _function_change(before: Document, now: Document) -> str | None:
    found = _differing(before, now, ("module", "inputs", "returns", "on_error"))
    if before.get("fingerprint") != now.get("fingerprint") and not found:
        found.append("its code")
    return "; ".join(found) or None


def _differing(before: Document, now: Document, keys: Iterable[str]) -> list[str]:
    return [
        f"{key} {_short(before.get(key))}, now {_short(now.get(key))}"
        for key in keys
        if before.get(key) != now.get(key)
    ]


def _order_changes(old: Document, new: Document) -> Iterator[str]:
    """What is left where all that has a name is the same."""
    if old["columns"] != new["columns"]:
        yield "the order of tables, windows or features"
    elif old["features"]["modules"] != new["features"]["modules"]:
        yield f"features ({_short(old['features']['modules'])}, now {_short(new['features']['modules'])})"
    else:
        yield "the format of serving plans"


def _short(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_short(each)}" for key, each in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_short, value)) + "]"
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
