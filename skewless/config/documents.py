"""Configuration text → plain values that remember the line of every key, and the problems met on the way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

Keys = tuple[str | int, ...]
"""The way to a value: mapping keys and list indexes from the root."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser is there on most platforms only
_REFERENCE = re.compile(r"\$\{([^}]*)(\}?)")
_INSIDE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)

# No configuration comes near these, and a file that passes them takes minutes, or more memory than there is.
MOST_VALUES = 50_000
"""Keys and values of a file, each alias counted as all that it stands for."""
MOST_DEEP = 50
LONGEST_NUMBER = 1_000
"""Characters of what YAML reads as a number or a time: some of those take the square of their length."""


@dataclass(frozen=True, order=True)
class Problem:
    """One refusal and its place; `line` 0 means that the place has no lines."""

    origin: str
    line: int
    key: str
    text: str

    def __str__(self) -> str:
        place = f"{self.origin}:{self.line}" if self.line else self.origin
        return ": ".join(part for part in (place, self.key, self.text) if part)


@dataclass(frozen=True)
class Variables:
    """What `${NAME}` stands for: `--set` first, then the environment; empty counts as unset."""

    settings: Mapping[str, str]
    environ: Mapping[str, str]

    def value(self, name: str) -> str | None:
        return self.settings.get(name) or self.environ.get(name) or None


@dataclass(frozen=True)
class Document:
    """One spec as written: its values after substitution, and where each of them stands.

    `lines` and `written` (the text of a scalar) are by the way to the value, and empty for specs given as
    dicts; `unresolved` are the values that could not be read, so that nothing else can be said of them.
    """

    origin: str
    content: Any = None
    lines: dict[Keys, int] = field(default_factory=dict)
    written: dict[Keys, str] = field(default_factory=dict)
    unresolved: set[Keys] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, keys: Keys, text: str) -> Problem:
        """A problem of the value there, at its line or at that of the nearest mapping around it."""
        ways = (keys[:length] for length in range(len(keys), -1, -1))
        line = next((self.lines[way] for way in ways if way in self.lines), 0)
        return Problem(self.origin, line, dotted(keys), text)

    def is_unresolved(self, keys: Keys) -> bool:
        return any(keys[:length] in self.unresolved for length in range(len(keys) + 1))


def dotted(keys: Keys) -> str:
    """The way to a value as a reader would write it.

    >>> dotted(("feature_tables", 1, "join_keys"))
    'feature_tables[1].join_keys'
    """
    parts = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return "".join(parts).removeprefix(".")


def from_yaml(origin: str, text: str, variables: Variables) -> Document:
    """A YAML file's document; syntax errors, duplicate keys and unset variables are among its problems.

    Keys are always text, so that a column named `on` or `no` can be one. An empty file is an empty mapping.
    """
    document = Document(origin)
    try:
        if too_much := _too_much(_Loader(text)):
            document.problems.append(Problem(origin, *too_much))
            return document
        loader = _Loader(text)
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        document.problems.append(_syntax_problem(origin, text, error))
        return document
    if node is None:
        document.lines[()] = 1
        return replace(document, content={})
    return replace(document, content=_Reader(document, loader, variables).value(node, ()))


def from_mapping(origin: str, content: Mapping[str, Any], variables: Variables) -> Document:
    """The document of a spec given as a dict: substituted alike, without lines."""
    document = Document(origin)
    return replace(document, content=_substituted(document, content, (), variables))


def substitute(text: str, variables: Variables) -> tuple[str, list[str]]:
    """The text with its `${NAME}` and `${NAME:-default}` replaced, once, and what is wrong with them.

    >>> substitute("${A:-x}/${B}", Variables({"B": "y"}, {}))
    ('x/y', [])
    """
    wrong: list[str] = []

    def replaced(match: re.Match[str]) -> str:
        inside = _INSIDE.fullmatch(match[1])
        if not match[2] or not inside or "${" in match[1]:
            wrong.append(f"'{match[0]}' is not a variable; write ${{NAME}} or ${{NAME:-default}}")
            return match[0]
        name, default = inside.groups()
        value = variables.value(name) or default
        if value is None:
            wrong.append(f"variable {name} is not set; give --set {name}=VALUE or set it in the environment")
        return match[0] if value is None else value

    return _REFERENCE.sub(replaced, text), wrong


def _resolved(document: Document, text: str, keys: Keys, variables: Variables) -> str:
    value, wrong = substitute(text, variables)
    document.problems.extend(document.problem(keys, line) for line in wrong)
    if wrong:
        document.unresolved.add(keys)
    return value


def _substituted(document: Document, value: Any, keys: Keys, variables: Variables) -> Any:
    if isinstance(value, str):
        return _resolved(document, value, keys, variables)
    if isinstance(value, Mapping):
        return {k: _substituted(document, v, (*keys, str(k)), variables) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_substituted(document, v, (*keys, i), variables) for i, v in enumerate(value)]
    return value


def _too_much(loader: Any) -> tuple[int, str, str] | None:
    """Line, key and text of the refusal of a file that would be too much to hold, found before any of it is held.

    Nine lines of aliases, each a list of the one before, stand for a billion values: what an alias stands for is
    counted here, and not written out.
    """
    count, deep = 0, 0
    anchored: dict[str | None, tuple[int, int]] = {}  # how many values an anchor is, and how deep
    around: list[
        tuple[str | None, int, int]
    ] = []  # of each collection around: its anchor, and both at its start
    while loader.check_event():
        event = loader.get_event()
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before, outside = around.pop()
            anchored[anchor] = count - before, deep - len(around)
            deep = max(deep, outside)
        elif isinstance(event, yaml.AliasEvent):
            values, levels = anchored.get(event.anchor, (1, 0))
            count, deep = count + values, max(deep, len(around) + levels)
        else:
            count += 1
            if isinstance(event, yaml.CollectionStartEvent):
                around.append((event.anchor, count - 1, deep))
                deep = len(around)
            elif isinstance(event, yaml.ScalarEvent):
                anchored[event.anchor] = 1, 0
        if count > MOST_VALUES or deep > MOST_DEEP:
            what = f"over {MOST_VALUES:,} values" if count > MOST_VALUES else f"over {MOST_DEEP} levels"
            text = f"{what} up to here, aliases written out; a configuration is smaller: shorten or split it"
            return event.start_mark.line + 1, "", text
    return None


def _syntax_problem(origin: str, text: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 0
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    has_variable = any("${" in written for written in text.splitlines()[line - 1 : line])
    hint = "; inside { } or [ ] a value with ${NAME} goes in quotes" if has_variable else ""
    return Problem(origin, line, "", f"not valid YAML: {reason}{hint}")


class _Reader:
    """The walk over YAML nodes that fills a document."""

    def __init__(self, document: Document, loader: Any, variables: Variables) -> None:
        self.document = document
        self.loader = loader
        self.variables = variables
        self.around: list[yaml.Node] = []

    def value(self, node: yaml.Node, keys: Keys) -> Any:
        self.document.lines.setdefault(keys, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node, keys)
        if any(node is outer for outer in self.around):
            return self.refused(keys, "this alias stands for the mapping or list that it is in")
        self.around.append(node)
        value = self.mapping(node, keys) if isinstance(node, yaml.MappingNode) else self.items(node, keys)
        self.around.pop()
        return value

    def items(self, node: yaml.Node, keys: Keys) -> list[Any]:
        return [self.value(item, (*keys, index)) for index, item in enumerate(node.value)]

    def mapping(self, node: yaml.MappingNode, keys: Keys) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.refused(keys, f"a key on line {line} is a list or a mapping; keys are text")
                continue
            way = (*keys, key_node.value)
            if key_node.value in content:
                first = self.document.lines[way]
                problem = f"written twice, on lines {first} and {line}; remove one"
                self.document.problems.append(Problem(self.document.origin, line, dotted(way), problem))
                continue
            self.document.lines[way] = line
            content[key_node.value] = self.value(value_node, way)
        return content

    def scalar(self, node: yaml.ScalarNode, keys: Keys) -> Any:
        self.document.written[keys] = node.value
        is_text = node.tag == "tag:yaml.org,2002:str"
        if not is_text and len(node.value) > LONGEST_NUMBER:
            found = f"{node.value[:20]!r}… of {len(node.value):,} characters"
            return self.refused(keys, f"YAML cannot read {found} as {node.tag}; put it in quotes")
        try:
            value = self.loader.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError):
            return self.refused(keys, f"YAML cannot read {node.value!r} as {node.tag}; put it in quotes")
        return _resolved(self.document, value, keys, self.variables) if isinstance(value, str) else value

    def refused(self, keys: Keys, text: str) -> None:
        self.document.problems.append(self.document.problem(keys, text))
        self.document.unresolved.add(keys)
