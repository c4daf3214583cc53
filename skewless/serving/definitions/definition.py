"""One feature function, read into what is known about it before it runs (F1)."""

from __future__ import annotations

from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, Literal, NamedTuple, TypeVar, overload

from skewless.serving.definitions.annotations import ValueType, value_type
from skewless.serving.definitions.docstrings import owner_in, summary
from skewless.serving.definitions.impurities import ALLOWANCES
from skewless.serving.errors import FeatureError, raised

OnError = Literal["raise", "null"]
Function = TypeVar("Function", bound=Callable[..., Any])

PLAIN_FUNCTION = "write it as an annotated def"

_MARK = "__feature_options__"
# The flags of a code object, as in the module inspect, which costs too much to import for five numbers.
_VARARGS, _VARKEYWORDS, _GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x04, 0x08, 0x20, 0x80, 0x200


class FeatureOptions(NamedTuple):
    """What `@feature` says about a function."""

    on_error: OnError = "raise"
    description: str | None = None
    allow: tuple[str, ...] = ()
    owner: str | None = None


class Parameter(NamedTuple):
    """An input of a feature, by name: a column, `event_timestamp`, or another feature."""

    name: str
    type: ValueType


class FeatureDefinition(NamedTuple):
    """A feature: its function, its inputs and its type.

    `returns.nullable` says whether the function itself may give null; a feature is also null where an
    input that is not declared `| None` is. `on_error="null"` makes it null where the function raises, or
    where it takes or gives a wrong type. `description` is the first line of the docstring unless given.
    `allow` is what the function may do although it is impure. `owner`, who answers for it, is a line `Owner: …` of the
    docstring unless given; like the description it decides no value and is in no fingerprint.
    """

    name: str
    module: str
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    returns: ValueType
    on_error: OnError = "raise"
    description: str = ""
    allow: tuple[str, ...] = ()
    owner: str = ""

    @property
    def qualified_name(self) -> str:
        """The feature's name behind its module's, as messages give it."""
        return f"{self.module}.{self.name}"

    @property
    def positional(self) -> Callable[..., Any]:
        """The function, callable with all its inputs by position."""
        function = self.function
        if not getattr(function, "__code__").co_kwonlyargcount:  # noqa: B009  (Callable has no __code__)
            return function
        names = tuple(parameter.name for parameter in self.parameters)
        return lambda *values: function(**dict(zip(names, values, strict=True)))


@overload
def feature(function: Function, /) -> Function: ...
@overload
def feature(
    *,
    on_error: OnError = "raise",
    description: str | None = None,
    allow: tuple[str, ...] = (),
    owner: str | None = None,
) -> Callable[[Function], Function]: ...
def feature(
    function: Function | None = None,
    /,
    *,
    on_error: OnError = "raise",
    description: str | None = None,
    allow: tuple[str, ...] = (),
    owner: str | None = None,
) -> Function | Callable[[Function], Function]:
    """Say more about a feature function than its signature does; the function stays what it was.

    `on_error="null"` makes the feature null where the function fails. `allow` names what the check of purity
    is to pass over: "clock", "random", "environment", "globals", "files". `owner` is who answers for the feature.

    >>> @feature(on_error="null", description="Kilometres per hour")
    ... def speed(km: float, hours: float) -> float:
    ...     return km / hours
    >>> speed(90.0, 1.5)
    60.0
    >>> read_definition("speed", speed).on_error
    'null'
    """
    if on_error not in ("raise", "null"):
        raise FeatureError(f"@feature: on_error is {on_error!r}; use 'raise' or 'null'")

    allowed = (allow,) if isinstance(allow, str) else tuple(allow)
    for name in allowed:
        if name not in ALLOWANCES:
            raise FeatureError(f"@feature: allow has {name!r}; it takes {', '.join(ALLOWANCES)}")

    def mark(marked: Function) -> Function:
        if not isinstance(marked, FunctionType):
            raise FeatureError(
                f"@feature: expected a plain function, found {object_named(marked).removeprefix('a ')}"
            )
        setattr(marked, _MARK, FeatureOptions(on_error, description, allowed, owner))
        return marked

    return mark if function is None else mark(function)


def read_definition(name: str, function: Any) -> FeatureDefinition:
    """The definition of the function bound to a public name, or a FeatureError with all that is wrong.

    >>> def pace(km: float, hours: float): return hours / km
    >>> read_definition("pace", pace)
    Traceback (most recent call last):
        ...
    skewless.serving.errors.FeatureError: skewless.serving.definitions.definition.pace: the result has no annotation; add '-> float', for instance, or rename it _pace if it is a helper
    """  # noqa: E501
    place = f"{function.__module__}.{name}"
    if not isinstance(function, FunctionType):
        raise FeatureError(f"{place}: {object_named(function)}, no plain function; {PLAIN_FUNCTION}")
    hints = _hints(place, function)
    types, type_problems = _types(hints)
    problems = _signature_problems(name, function, hints) + type_problems
    if problems:
        raise FeatureError(*(f"{place}: {problem}" for problem in problems))
    options: FeatureOptions = getattr(function, _MARK, FeatureOptions())
    description = options.description
    docstring = function.__doc__ or ""
    if description is None:
        description = summary(docstring)
    parameters = tuple(Parameter(parameter, types[parameter]) for parameter in _parameter_names(function))
    return FeatureDefinition(
        name,
        function.__module__,
        function,
        parameters,
        types["return"],
        options.on_error,
        description,
        options.allow,
        owner_in(docstring) if options.owner is None else options.owner,
    )


def read_module(module: ModuleType) -> tuple[list[FeatureDefinition], list[str]]:
    """The features of a module in the order of their definition, and every problem found among its functions.

    Names with a leading underscore and functions defined elsewhere are helpers and left out.
    """
    definitions: list[FeatureDefinition] = []
    problems: list[str] = []
    for name, value in vars(module).items():
        if not is_own_function(value, module):
            continue
        if name.startswith("_"):
            if hasattr(value, _MARK):
                problems.append(
                    f"{module.__name__}.{name}: marked @feature, but a leading underscore makes it a "
                    "helper; drop one of the two"
                )
        else:
            try:
                definitions.append(read_definition(name, value))
            except FeatureError as error:
                problems.extend(error.problems)
    return definitions, problems


def is_own_function(value: object, module: ModuleType) -> bool:
    """Whether a module's object is a plain function of its own: a feature, unless its name says that it is a helper."""
    return isinstance(value, FunctionType) and value.__module__ == module.__name__


def object_named(value: object) -> str:
    """What an object is that should have been a function, for a message: another's function, or a thing of a type.

    >>> import functools, math
    >>> object_named(math.sqrt), object_named(functools.partial(int, base=2))
    ('another name of math.sqrt', 'a partial')
    """
    name = getattr(value, "__qualname__", None)
    if isinstance(value, (FunctionType, BuiltinFunctionType)) and name:
        return f"another name of {value.__module__}.{name}"
    return f"a {type(value).__name__}"


def _parameter_names(function: FunctionType) -> tuple[str, ...]:
    code = function.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _signature_problems(name: str, function: FunctionType, hints: dict[str, Any]) -> list[str]:
    code = function.__code__
    if function.__name__ == "<lambda>":
        return ["a lambda, which has no annotations; write it as an annotated def"]
    if function.__name__ != name:
        return [f"another name of {function.__name__}; a feature has its own def"]
    problems: list[str] = []
    if code.co_flags & (_COROUTINE | _ASYNC_GENERATOR):
        problems.append("async; a feature is a plain function")
    elif code.co_flags & _GENERATOR:
        problems.append("a generator; a feature returns one value")
    if code.co_flags & (_VARARGS | _VARKEYWORDS):
        problems.append(
            "a decorator made it take *args or **kwargs, which hides its inputs; remove the decorator"
            if hasattr(function, "__wrapped__")
            else "takes *args or **kwargs; name each input as a parameter"
        )
    if function.__defaults__ or function.__kwdefaults__:
        problems.append("has default values; an input is always given, declare it '| None' to take nulls")
    if code.co_posonlyargcount:
        problems.append("has positional-only parameters; inputs are given by name, remove the '/'")
    missing = [parameter for parameter in _parameter_names(function) if parameter not in hints]
    problems += [f"parameter '{parameter}' has no annotation; add its type" for parameter in missing]
    if "return" not in hints:
        problems.append(
            "the result has no annotation; add '-> float', for instance, "
            f"or rename it _{name} if it is a helper"
        )
    return problems


def _hints(place: str, function: FunctionType) -> dict[str, Any]:
    from typing import get_type_hints

    try:
        return get_type_hints(function)
    except Exception as error:  # evaluating an annotation runs whatever was written there
        raise FeatureError(f"{place}: an annotation cannot be read: {raised(error)}") from error


def _types(hints: dict[str, Any]) -> tuple[dict[str, ValueType], list[str]]:
    types: dict[str, ValueType] = {}
    problems: list[str] = []
    for name, annotation in hints.items():
        try:
            types[name] = value_type(annotation)
        except TypeError as error:
            problems.append(f"{'the result' if name == 'return' else f'parameter {name!r}'}: {error}")
    return types, problems
