from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from skewless.config.documents import Variables, from_yaml, substitute

NOTHING = Variables({}, {})


def test_a_setting_comes_before_the_environment() -> None:
    variables = Variables({"A": "set"}, {"A": "environment", "B": "environment"})
    assert substitute("${A} ${B}", variables) == ("set environment", [])


def test_an_empty_setting_counts_as_unset() -> None:
    assert substitute("${A}", Variables({"A": ""}, {"A": "environment"})) == ("environment", [])


def test_an_empty_variable_takes_the_default() -> None:
    assert substitute("${A:-x}/y", Variables({}, {"A": ""})) == ("x/y", [])


def test_a_default_may_be_empty_or_hold_a_path() -> None:
    assert substitute("${A:-}b${C:-s3a://d/e:-f}", NOTHING) == ("bs3a://d/e:-f", [])


def test_a_value_is_not_substituted_again() -> None:
    assert substitute("${A}", Variables({"A": "${B}"}, {"B": "x"})) == ("${B}", [])


def test_a_dollar_alone_stands_for_itself() -> None:
    assert substitute("a$ $b $$", NOTHING) == ("a$ $b $$", [])


@pytest.mark.parametrize("text", ["${}", "${1A}", "${A-b}", "${A", "${A:-${B}}", "${A B}"])
def test_a_malformed_variable_is_refused(text: str) -> None:
    _, wrong = substitute(text, Variables({"A": "a", "B": "b"}, {}))
    assert [line.endswith("is not a variable; write ${NAME} or ${NAME:-default}") for line in wrong] == [True]


def test_an_unset_variable_is_the_only_thing_said_of_its_value(
    table_problems: Callable[..., list[str]],
) -> None:
    text = """
        name: ${NAME}
        source: a/b
        entity_keys: [origin]
        event_timestamp: at
        delay: ${DELAY}
    """
    assert table_problems(text, environ={"DELAY": ""}) == [
        "1: name: variable NAME is not set; give --set NAME=VALUE or set it in the environment",
        "5: delay: variable DELAY is not set; give --set DELAY=VALUE or set it in the environment",
    ]


def test_variables_are_replaced_in_lists_and_mappings() -> None:
    document = from_yaml("x.yml", "a: [x, '${A}']\nb:\n  c: ${A}\n", Variables({"A": "1"}, {}))
    assert document.content == {"a": ["x", "1"], "b": {"c": "1"}}


def test_a_duplicate_key_is_refused_with_both_lines() -> None:
    document = from_yaml("x.yml", "a: {b: 1,\n  c: 2,\n  b: 3}\n", NOTHING)
    assert [str(problem) for problem in document.problems] == [
        "x.yml:3: a.b: written twice, on lines 1 and 3; remove one"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: [1\nc: 2\n", "x.yml:3: not valid YAML: "),
        ("a: 1\n\tb: 2\n", "x.yml:2: not valid YAML: "),
        ("a: 1\n---\nb: 2\n", "x.yml:2: not valid YAML: "),
        ("a: \x00", "x.yml: not valid YAML: "),
        ("a: 2013-13-45\n", "x.yml:1: a: YAML cannot read '2013-13-45'"),
        ("b: 1\na: !!python/name:os.system x\n", "x.yml:2: a: YAML cannot read 'x'"),
        ("a: &a\n  - *a\n", "x.yml:1: a[0]: this alias stands for the mapping or list that it is in"),
        ("a: 1\n? [b]\n: 2\n", "x.yml:1: a key on line 2 is a list or a mapping; keys are text"),
    ],
)
def test_what_yaml_cannot_hold_is_one_line_with_its_place(text: str, problem: str) -> None:
    lines = [str(problem) for problem in from_yaml("x.yml", text, NOTHING).problems]
    assert len(lines) == 1
    assert lines[0].startswith(problem)
    assert "\n" not in lines[0]


def bomb(written: str, *letters: str) -> str:
    """Each line is nine times the one before."""
    lines = [f"a: &a {written.replace('*', 'x')}"]
    lines += [
        f"{letter}: &{letter} {written.replace('*', f'*{before}')}"
        for before, letter in pairwise(("a", *letters))
    ]
    return "\n".join(lines)


NINE = "[" + ", ".join("*" * 9) + "]"
MAPPING = "{" + ", ".join(f"k{place}: *" for place in range(9)) + "}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (bomb(NINE, *"bcdefghi"), "x.yml:5: over 50,000 values up to here"),
        (bomb(MAPPING, *"bcdefghi"), "x.yml:5: over 50,000 values up to here"),
        (bomb("{<<: " + NINE + "}", *"bcdefghi"), "x.yml:5: over 50,000 values up to here"),
        ("- &b0 [x]\n" + "".join(f"- &b{n} [*b{n - 1}]\n" for n in range(1, 60)), "x.yml:50: over 50 levels"),
        ("- " * 60 + "x", "x.yml:1: over 50 levels up to here"),
        ("[" * 100_000, "x.yml:1: not valid YAML: exceeded maximum nesting depth"),
        ("{a: " * 60, "x.yml:1: over 50 levels up to here"),
        ("a:\n" + "- x\n" * 1_000_000, "x.yml:49997: over 50,000 values up to here"),
        ("---\n" * 1_000_000, "x.yml:"),
        ("a: &a {b: &b [*a, *b]}", "x.yml:1: a.b[0]: this alias stands for"),
        (
            "a: 1" + ":1" * 200_000,
            "x.yml:1: a: YAML cannot read '1:1:1:1:1:1:1:1:1:1:'… of 400,001 characters as",
        ),
        ("a: 1" + ":1" * 400 + ".5", "x.yml:1: a: YAML cannot read "),
        ("a: " + "9" * 100_000, "x.yml:1: a: YAML cannot read "),
    ],
    ids=range(13),
)
def test_what_no_configuration_is_as_large_as_is_refused_before_it_is_held(text: str, problem: str) -> None:
    """Nine lines of aliases stand for a billion values; a few megabytes would take minutes."""
    [first, *_] = map(str, from_yaml("x.yml", text, NOTHING).problems)
    assert first.startswith(problem)


def test_what_a_configuration_may_be_is_read_with_its_aliases() -> None:
    columns = ", ".join(f"c{place}" for place in range(10_000))
    document = from_yaml("x.yml", f"a: &a [{columns}]\nb: *a\nc: {'[' * 48}x{']' * 48}\n", NOTHING)
    assert (document.problems, len(document.content["b"])) == ([], 10_000)


def test_a_variable_without_quotes_in_a_flow_mapping_is_refused_with_the_remedy() -> None:
    document = from_yaml("x.yml", "a: 1\nb: {c: ${A}/d}\n", NOTHING)
    assert [str(problem) for problem in document.problems] == [
        "x.yml:2: not valid YAML: did not find expected ',' or '}'; "
        "inside { } or [ ] a value with ${NAME} goes in quotes"
    ]


def test_a_key_is_text_even_if_yaml_reads_it_otherwise() -> None:
    assert from_yaml("x.yml", "on: a\n2013: b\n", NOTHING).content == {"on": "a", "2013": "b"}


def test_an_anchor_can_be_used_twice() -> None:
    assert from_yaml("x.yml", "a: &k [x]\nb: *k\n", NOTHING).content == {"a": ["x"], "b": ["x"]}


def test_an_empty_file_lacks_every_required_key(table_problems: Callable[..., list[str]]) -> None:
    assert table_problems("# nothing\n") == [
        "1: entity_keys: missing; add it",
        "1: event_timestamp: missing; add it, or static: true for a table without history",
        "1: name: missing; add it",
        "1: source: missing; add it",
    ]


def test_a_file_that_is_a_list_is_refused(table_problems: Callable[..., list[str]]) -> None:
    assert table_problems("- name: weather\n") == ["1: expected a mapping, found a list"]
