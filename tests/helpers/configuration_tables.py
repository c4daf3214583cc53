"""JSON Schemas → the tables of keys in docs/configuration.md; run as a program it writes them there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from skewless.config.json_schemas import json_schemas

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
_HEAD = "| key | type | default | example | |\n| --- | --- | --- | --- | --- |\n"
_BLOCK = re.compile(r"<!-- keys of (\S+) -->\n(.*?)<!-- end -->", re.DOTALL)


def sections() -> dict[str, dict[str, Any]]:
    """Each mapping with keys of its own, by where it stands: `training_set`, `training_set.labels`, …"""
    return {way: schema for kind, root in json_schemas().items() for way, schema in _sections(kind, root)}


def _sections(way: str, schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if "properties" in schema:
        yield way, schema
    for inner in [*schema.get("anyOf", ()), schema.get("items"), schema.get("additionalProperties")]:
        if isinstance(inner, dict):
            yield from _sections(way, inner)
    for key, inner in schema.get("properties", {}).items():
        yield from _sections(f"{way}.{key}", inner)


def written_tables() -> dict[str, str]:
    """The tables of the page, by their section."""
    return {match[1]: match[2] for match in _BLOCK.finditer(PAGE.read_text(encoding="utf-8"))}


def table_of(section: dict[str, Any]) -> str:
    return _HEAD + "".join(_row(section, key, schema) for key, schema in section["properties"].items())


def _row(section: dict[str, Any], key: str, schema: dict[str, Any]) -> str:
    cells = (
        f"`{key}`",
        _kind(schema),
        _default(section, key),
        f"`{example_of(key, schema)}`",
        schema["description"],
    )
    return f"| {' | '.join(cells)} |\n"


def example_of(key: str, schema: dict[str, Any]) -> str:
    """The line, or the part of one, that the example makes in a file."""
    value = schema["examples"][0]
    is_flow = isinstance(value, (list, dict))
    text = yaml.safe_dump({key: value}, default_flow_style=is_flow, sort_keys=False, width=10_000).strip()
    return text[1:-1] if is_flow else text


def _default(section: dict[str, Any], key: str) -> str:
    if key in section.get("required", ()):
        return "required"
    default = section["properties"][key].get("default")
    return "" if default is None else f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _kind(schema: dict[str, Any]) -> str:
    words = [word for each in schema.get("anyOf", ()) for word in each.get("enum", ()) if word is not None]
    if words and len(words) <= 3:
        return " or ".join(f"`{word}`" for word in words)
    if "title" in schema:
        return str(schema["title"])
    if "anyOf" in schema:
        kinds = [_kind(each) for each in schema["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    return _kind_of_type(schema)


def _kind_of_type(schema: dict[str, Any]) -> str:
    if schema["type"] == "array":
        return "list of " + " or ".join(f"{kind}s" for kind in _kind(schema["items"]).split(" or "))
    if schema["type"] == "object":
        values = schema["additionalProperties"]
        return f"mapping to {_kind(values)}" if values else "mapping"
    words = {"boolean": "`true` or `false`", "integer": "whole number", "number": "number", "string": "text"}
    return words[schema["type"]] + _bounds(schema)


def _bounds(schema: dict[str, Any]) -> str:
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "up to", "exclusiveMaximum": "below"}
    return "".join(f" {word} {schema[key]}" for key, word in words.items() if key in schema)


if __name__ == "__main__":
    known = sections()
    text = PAGE.read_text(encoding="utf-8")
    made = _BLOCK.sub(
        lambda match: f"<!-- keys of {match[1]} -->\n{table_of(known[match[1]])}<!-- end -->", text
    )
    PAGE.write_text(made, encoding="utf-8")
