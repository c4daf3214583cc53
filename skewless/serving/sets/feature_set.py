"""Features as a set: read from modules, checked together, run over rows and columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from skewless.serving.definitions.annotations import ValueType
from skewless.serving.definitions.definition import FeatureDefinition, read_definition
from skewless.serving.errors import FeatureError, kind_of, nearest
from skewless.serving.sets.dependencies import (
    evaluation_order,
    external_inputs,
    name_problems,
    needed,
    set_problems,
)
from skewless.serving.sets.evaluation import FeatureBatch, LabelEventAt, evaluate_columns, evaluate_row
from skewless.serving.sets.modules import read_modules
from skewless.serving.sets.program import Calling, called_by, compile_program


class FeatureSet:
    """Feature functions that are computed together, some perhaps from others.

    Immutable and free of locks: one set may be used by any number of threads. It pickles by reference to
    its functions. A FeatureError on creation lists every problem: names that are equal but for case,
    circular inputs (`a -> b -> a`: a feeds b feeds a), inputs whose declared types no value meets.

    >>> def fahrenheit(celsius: float) -> float: return celsius * 1.8 + 32
    >>> def is_hot(fahrenheit: float) -> bool: return fahrenheit > 86
    >>> weather = FeatureSet.from_functions([fahrenheit, is_hot])
    >>> weather.compute({"celsius": 35, "humidity": 0.4})
    {'fahrenheit': 95.0, 'is_hot': True}
    >>> {name: str(type) for name, type in weather.inputs.items()}
    {'celsius': 'float'}
    >>> {name: str(type) for name, type in weather.schema.items()}
    {'fahrenheit': 'float', 'is_hot': 'bool'}
    """

    __slots__ = ("_fingerprints", "_program", "features", "inputs", "names", "schema")

    #: The definitions, in their order.
    features: tuple[FeatureDefinition, ...]
    #: The features' names, in the order of definition.
    names: tuple[str, ...]
    #: What has to be given, by name. A type is the narrowest that any function declares for the input, and
    #: nullable where any function is called with null.
    inputs: Mapping[str, ValueType]
    #: The features' types, by name. Any feature may be null by the null rule, whatever its type says.
    schema: Mapping[str, ValueType]

    def __init__(self, features: Iterable[FeatureDefinition]) -> None:
        definitions = tuple(features)
        problems = set_problems(definitions)
        if problems:
            raise FeatureError(*problems)
        self.features = definitions
        self.names = tuple(definition.name for definition in definitions)
        self.inputs = MappingProxyType(external_inputs(definitions))
        self.schema = MappingProxyType({definition.name: definition.returns for definition in definitions})
        self._program = compile_program(evaluation_order(definitions), self.names)
        self._fingerprints: Mapping[str, str] | None = None

    @classmethod
    def from_module(cls, module: str) -> FeatureSet:
        """The public functions of one importable module; see `from_modules`."""
        return cls.from_modules([module])

    @classmethod
    def from_modules(cls, modules: Iterable[str]) -> FeatureSet:
        """The public functions of importable modules, module by module, in the order of definition.

        A module lies on the import path or in the working directory, which is put at the end of the path. One that
        prints, reads the command line or exits while it is imported is refused.

        Functions with a leading underscore and functions imported from elsewhere are helpers. A function
        that reads a clock, draws random numbers or is impure otherwise is refused unless it says
        `@feature(allow=…)`. All problems of all modules are reported in one FeatureError.

        >>> FeatureSet.from_module("late.nowhere")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        skewless.serving.errors.FeatureError: feature module 'late.nowhere' not found: looked in ...
        """
        if isinstance(modules, str):
            raise FeatureError(f"feature modules: expected a list of names, found text; write ['{modules}']")
        definitions, problems = read_modules(modules)
        return cls._checked(definitions, problems)

    @classmethod
    def from_functions(cls, functions: Iterable[Callable[..., Any]]) -> FeatureSet:
        """The given functions, wherever they were defined, each named as in its `def`."""
        definitions: list[FeatureDefinition] = []
        problems: list[str] = []
        for function in functions:
            try:
                definitions.append(read_definition(getattr(function, "__name__", "?"), function))
            except FeatureError as error:
                problems.extend(error.problems)
        return cls._checked(definitions, problems)

    @classmethod
    def _checked(cls, definitions: list[FeatureDefinition], problems: list[str]) -> FeatureSet:
        if problems:
            raise FeatureError(*problems, *set_problems(definitions))
        return cls(definitions)

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """Feature → fingerprint of its code: its syntax tree, with all that it reaches in its own package.

        A comment, a docstring or a moved line does not change it; a changed constant, annotation, option or
        helper does. It is the same on every version of Python. FeatureError names functions without source.
        """
        found = self._fingerprints
        if found is None:  # computed twice where two threads ask at once, to the same end
            from skewless.serving.code.fingerprints import fingerprints

            found = self._fingerprints = MappingProxyType(fingerprints(self.features))
        return found

    @property
    def fingerprint(self) -> str:
        """The fingerprint of all functions together, and of their order.

        >>> def half(x: float) -> float: return x / 2
        >>> FeatureSet.from_functions([half]).fingerprint[:7]
        'sha256:'
        """
        from skewless.serving.code.recorded import digest

        return digest([[name, self.fingerprints[name]] for name in self.names])

    def check(self, manifest: Mapping[str, Any]) -> None:
        """Hold these functions against a manifest or a serving plan; FeatureError names each that is not the same.

        >>> def half(x: float) -> float: return x / 2
        >>> FeatureSet.from_functions([half]).check({"feature_fingerprints": {"half": "sha256:0"}})
        Traceback (most recent call last):
            ...
        skewless.serving.errors.FeatureError: feature 'half': its code is not what was recorded; deploy the same code, or build and export again
        """  # noqa: E501
        from skewless.serving.code.recorded import differences, recorded_functions

        problems = differences(self.fingerprints, recorded_functions(manifest))
        if problems:
            raise FeatureError(*problems)

    def subset(self, names: Iterable[str]) -> FeatureSet:
        """The named features and those that they take, in the order of definition.

        >>> def half(x: float) -> float: return x / 2
        >>> def quarter(half: float) -> float: return half / 2
        >>> def double(x: float) -> float: return x * 2
        >>> FeatureSet.from_functions([half, quarter, double]).subset(["quarter"]).names
        ('half', 'quarter')
        """
        wanted = list(names)
        unknown = [self._unknown(name) for name in wanted if name not in self.schema]
        if unknown:
            raise FeatureError(*unknown)
        kept = needed(self.features, wanted)
        return FeatureSet(definition for definition in self.features if definition.name in kept)

    def problems(self, available: Iterable[str]) -> tuple[str, ...]:
        """What is wrong with these features where inputs of the given names are available, a line each.

        That is an input which is neither available nor a feature (names match exactly), and a feature
        named like something available (whatever its case).

        >>> def is_hot(weather__tmp: float) -> bool: return weather__tmp > 30
        >>> FeatureSet.from_functions([is_hot]).problems(["origin", "weather__temp"])
        ("feature 'is_hot': unknown input 'weather__tmp'; did you mean 'weather__temp'?",)
        """
        return tuple(name_problems(self.features, available))

    def compute(
        self, row: Mapping[str, object], label_event: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """The features of one row: name → value, in the order of definition.

        Inputs that no function takes are ignored; an int passes for a float; aware datetimes become UTC.
        Where an input is null whose parameter is not declared `| None`, the function is not called and
        the feature is null. A missing input, a wrong type, an exception in a function is a FeatureError
        that names the feature, its inputs and, where given, the label event; with `on_error="null"` a
        wrong type or an exception makes that feature null instead.

        >>> def minutes_late(scheduled: int, actual: int | None) -> int | None:
        ...     return None if actual is None else actual - scheduled
        >>> late = FeatureSet.from_functions([minutes_late])
        >>> late.compute({"scheduled": None, "actual": 7})
        {'minutes_late': None}
        >>> late.compute({"scheduled": 5, "actual": "7"}, label_event={"flight_id": 12})
        Traceback (most recent call last):
            ...
        skewless.serving.errors.FeatureError: feature 'minutes_late': input 'actual': expected int, found str '7'; convert it: int(x); inputs scheduled=5, actual='7'; label event flight_id=12
        """  # noqa: E501
        if not hasattr(row, "get"):
            raise FeatureError(f"expected a dict of input name to value, found {kind_of(row)}")
        return evaluate_row(self._program, row, label_event, {})

    def compute_batch(
        self,
        columns: Mapping[str, Sequence[Any]],
        size: int | None = None,
        label_event: LabelEventAt | None = None,
    ) -> FeatureBatch:
        """The features of many rows, given and returned as columns: what `compute` gives row by row.

        `size` is the number of rows, by default the length of the columns. `label_event` gives the label
        event at a position; it is asked only for the message of an error, which is that of the first row
        that fails. Columns that are not lists are copied; those given are never changed.

        >>> from skewless import feature
        >>> @feature(on_error="null")
        ... def speed(km: float, hours: float) -> float: return km / hours
        >>> speeds = FeatureSet.from_functions([speed])
        >>> batch = speeds.compute_batch({"km": [90, 5, None], "hours": [2, 0, 1]})
        >>> batch.columns
        {'speed': [45.0, None, None]}
        >>> batch.nulled
        {'speed': 1}
        """
        lengths = {name: len(columns[name]) for name in self.inputs if name in columns}
        rows = size if size is not None else next(iter(lengths.values()), None)
        if rows is None:
            raise FeatureError("batch: no input column tells the number of rows; give size")
        uneven = [f"'{name}' has {length}" for name, length in lengths.items() if length != rows]
        if uneven:
            raise FeatureError(f"batch: expected {rows} rows in each column; {', '.join(uneven)}")
        lists = {name: columns[name] for name in lengths}
        as_lists = {name: values if type(values) is list else list(values) for name, values in lists.items()}
        return evaluate_columns(self._program, as_lists, rows, label_event)

    def called_by(self, call: Calling) -> FeatureSet:
        """The same features, each function of which is called through `call(place, function, values)`; `place` is that
        of the feature among the definitions."""
        twin = FeatureSet(self.features)
        twin._program = called_by(self._program, self.names, call)
        return twin

    def __reduce__(self) -> tuple[type[FeatureSet], tuple[tuple[FeatureDefinition, ...]]]:
        return FeatureSet, (self.features,)

    def __repr__(self) -> str:
        return f"FeatureSet({', '.join(self.names)})"

    def _unknown(self, name: str) -> str:
        guess = nearest(name, list(self.names))
        remedy = f"did you mean '{guess}'?" if guess else f"there are {', '.join(self.names) or 'none'}"
        return f"feature '{name}': not in the set; {remedy}"
