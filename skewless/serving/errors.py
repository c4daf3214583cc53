"""What can go wrong with features, one line a problem, in the same words in Spark and in serving."""

from __future__ import annotations

from collections.abc import Mapping

_LONGEST_TEXT = 200


class FeatureError(Exception):
    """A feature set that cannot be used, or a feature that failed: every problem on a line of its own.

    `problems` holds the lines. Line breaks inside a problem are escaped, so that it stays one line. The
    error survives pickling, since it crosses from worker processes to the one that reports it.

    >>> FeatureError("feature 'a': boom", "feature 'b': two\\nlines").problems
    ("feature 'a': boom", "feature 'b': two\\\\nlines")
    """

    def __init__(self, *problems: str) -> None:
        self.problems = tuple(one_line(problem) for problem in problems)
        super().__init__(*self.problems)

    def __str__(self) -> str:
        return "\n".join(self.problems)


def failure(
    feature: str,
    problem: str,
    inputs: Mapping[str, object],
    label_event: Mapping[str, object] | None,
) -> FeatureError:
    """The error of one feature for one label event; the only place that words it.

    >>> print(failure("speed", "ZeroDivisionError: division by zero", {"km": 3, "h": 0}, {"id": 7}))
    feature 'speed': ZeroDivisionError: division by zero; inputs km=3, h=0; label event id=7
    """
    parts = [f"feature '{feature}': {problem}", f"inputs {_listed(inputs)}" if inputs else "no inputs"]
    if label_event is not None:
        parts.append(f"label event {_listed(label_event)}")
    return FeatureError("; ".join(parts))


def raised(error: BaseException) -> str:
    """`Type: message` of an exception, shortened; its type alone where it has no message.

    >>> raised(KeyError("x"))
    "KeyError: 'x'"
    """
    try:
        message = str(error)
    except Exception:  # a message that cannot be written must not hide the failure
        message = ""
    name = type(error).__name__
    return f"{name}: {_shortened(message)}" if message else name


def shown(value: object) -> str:
    """The repr of a value, shortened to 200 characters.

    >>> shown("a" * 500)[-3:]
    'aa…'
    """
    try:
        return _shortened(repr(value))
    except Exception:  # a repr that fails must not hide the failure it was to describe
        return f"<{type(value).__name__} without a repr>"


def kind_of(given: object) -> str:
    """What a value is, as a user calls it: its type, with the library that it is of.

    >>> kind_of([1]), kind_of(None)
    ('list', 'None')
    """
    if given is None:
        return "None"
    kind = type(given)
    library = kind.__module__.partition(".")[0]
    return kind.__name__ if library in ("builtins", "__main__") else f"{library}.{kind.__name__}"


def nearest(name: str, known: list[str]) -> str | None:
    """The known spelling closest to a name, case aside; None where nothing is close.

    >>> nearest("wether__TEMP", ["weather__temp", "origin"])
    'weather__temp'
    """
    from difflib import get_close_matches

    by_folded = {spelling.casefold(): spelling for spelling in known}
    matches = get_close_matches(name.casefold(), by_folded, n=1)
    return by_folded[matches[0]] if matches else None


def first_line(error: object) -> str:
    """The first line of an error's text that says something, since a stack may follow; empty where none does.

    >>> first_line(ValueError("\\n  no such thing\\n  at line 3"))
    'no such thing'
    """
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "")


def one_line(text: str) -> str:
    """The text with its line breaks, and what UTF-8 cannot carry, written as escapes."""
    return r"\n".join(text.splitlines()).encode("utf-8", "backslashreplace").decode("utf-8")


def _listed(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={shown(value)}" for name, value in values.items())


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
