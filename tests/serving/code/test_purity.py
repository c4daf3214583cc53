"""Impure feature functions are refused when their modules are read, unless they say so; pure ones never are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from features import flights
from skewless import FeatureError, FeatureSet, feature

PRELUDE = """
import datetime as dt, datetime, functools, math, os, random, secrets, time, uuid
from collections import defaultdict
from datetime import date, timedelta
from datetime import datetime as moment
from os import environ
from pathlib import Path
from time import time as seconds
from zoneinfo import ZoneInfo
from skewless import feature
"""


def problems(write_module: Any, source: str) -> tuple[str, ...]:
    name = write_module("impure", PRELUDE + source)
    try:
        FeatureSet.from_module(name)
    except FeatureError as error:
        return error.problems
    return ()


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ("return dt.datetime.now().hour", "clock", "reads a clock: datetime.datetime.now"),
        ("return datetime.datetime.utcnow().hour", "clock", "reads a clock: datetime.datetime.utcnow"),
        ("return moment.now(dt.timezone.utc).hour", "clock", "reads a clock: datetime.datetime.now"),
        ("return moment.today().hour", "clock", "reads a clock: datetime.datetime.today"),
        ("return date.today().day", "clock", "reads a clock: datetime.date.today"),
        ("return int(time.time())", "clock", "reads a clock: time.time"),
        ("return int(seconds())", "clock", "reads a clock: time.time"),
        ("return time.monotonic_ns()", "clock", "reads a clock: time.monotonic_ns"),
        ("clock = moment.now\n    return clock().hour", "clock", "reads a clock: datetime.datetime.now"),
        ("from time import time_ns\n    return time_ns()", "clock", "reads a clock: time.time_ns"),
        ("return random.randint(0, x)", "random", "draws random numbers: random.randint"),
        ("return random.Random(x).randint(0, 9)", "random", "draws random numbers: random.Random"),
        ("return secrets.randbelow(x)", "random", "draws random numbers: secrets.randbelow"),
        ("return uuid.uuid4().int", "random", "draws random numbers: uuid.uuid4"),
        ("return os.urandom(1)[0]", "random", "draws random numbers: os.urandom"),
        ("return int(os.environ['X'])", "environment", "depends on the process it runs in: os.environ"),
        (
            "return int(environ.get('X', 1))",
            "environment",
            "depends on the process it runs in: os.environ.get",
        ),
        ("return int(os.getenv('X') or 1)", "environment", "depends on the process it runs in: os.getenv"),
        ("return hash(str(x))", "environment", "depends on the process it runs in: hash"),
        ("return id(x)", "environment", "depends on the process it runs in: id"),
        ("return len(open('x').read())", "files", "reaches files or the network: open"),
        ("return int(input())", "files", "reaches files or the network: input"),
        ("return len(Path('x').read_text())", "files", "reaches files or the network: pathlib.Path"),
        ("return len(os.listdir('.'))", "files", "reaches files or the network: os.listdir"),
        ("import socket\n    return socket.SOCK_STREAM", "files", "reaches files or the network: socket"),
        ("return max(map(lambda _: seconds(), [x]))", "clock", "reads a clock: time.time"),
    ],
)
def test_an_impure_call_is_refused_by_name(write_module: Any, body: str, kind: str, said: str) -> None:
    """F5."""
    (problem,) = problems(write_module, f"def a(x: int) -> int:\n    {body}\n")
    assert problem.startswith(f"impure.a: {said}")
    assert f'or say @feature(allow=("{kind}",))' in problem


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "SEEN = {}\ndef a(x: int) -> int:\n    SEEN[x] = 1\n    return len(SEEN)",
            "changes the global 'SEEN'",
        ),
        ("SEEN = []\ndef a(x: int) -> int:\n    SEEN.append(x)\n    return x", "changes the global 'SEEN'"),
        (
            "SEEN = {1: [2]}\ndef a(x: int) -> int:\n    SEEN[1].append(x)\n    return x",
            "changes the global 'SEEN'",
        ),
        ("SEEN = {1}\ndef a(x: int) -> int:\n    del SEEN[x]\n    return x", "changes the global 'SEEN'"),
        (
            "COUNT = 0\ndef a(x: int) -> int:\n    global COUNT\n    COUNT += 1\n    return COUNT",
            "changes the global 'COUNT'",
        ),
        ("ALL = iter([1])\ndef a(x: int) -> int:\n    return next(ALL)", "changes the global 'ALL'"),
        (
            "SEEN = {}\ndef _keep(x): SEEN[x] = 1\ndef a(x: int) -> int:\n    return SEEN.get(x, 0)",
            "reads the global 'SEEN', which _keep changes",
        ),
        (
            "LIMIT = 1\ndef _set(x):\n    global LIMIT\n    LIMIT = x\ndef a(x: int) -> int:\n    return LIMIT",
            "reads the global 'LIMIT', which _set changes",
        ),
        (
            "def _kept(x, seen=[]):\n    seen.append(x)\n    return seen\n"
            "def a(x: int) -> int: return len(_kept(x))",
            "changes the default of 'seen', which lasts",
        ),
    ],
)
def test_a_global_that_changes_is_refused(write_module: Any, source: str, said: str) -> None:
    found = problems(write_module, source)
    assert any(problem.startswith(f"impure.a: {said} (") for problem in found), found
    assert all('allow=("globals",)' in problem for problem in found)


@pytest.mark.parametrize(
    "source",
    [
        "def a(x: int) -> int: return dt.datetime(2024, 1, 1).year + dt.timedelta(days=x).days",
        "def a(event_timestamp: dt.datetime) -> int: return event_timestamp.astimezone(ZoneInfo('UTC')).hour",
        "RATES = {'a': [1]}\ndef a(x: int) -> int: return RATES['a'][0] + RATES.get('b', 1)",
        "NAMES = frozenset({'a'})\ndef a(x: int) -> int: return len(NAMES) + ('a' in NAMES)",
        "RATES = {}\nRATES['a'] = 1\nRATES.update(b=2)\ndef a(x: int) -> int: return RATES['a']",
        "def a(x: int) -> int:\n    seen = []\n    seen.append(x)\n    seen[0] = 2\n    return len(seen)",
        "def a(x: int) -> int:\n    time = x\n    return time",
        "def a(time: int, random: int) -> int: return time + random",
        "seen = [1]\ndef a(x: int) -> int:\n    seen = []\n    seen.append(x)\n    return len(seen)",
        "seen = [1]\ndef _b(seen): seen.append(1)\ndef a(x: int) -> int: return len(seen)",
        "def a(x: int) -> int:\n    total = 0\n    def add(y):\n"
        "        nonlocal total\n        total += y\n    add(x)\n    return total",
        "@functools.lru_cache\ndef _b(x): return x\ndef a(x: int) -> int: return _b(x)",
        "def _kept(x, seen=()): return [*seen, x]\ndef a(x: int) -> int: return len(_kept(x))",
        "def a(x: str) -> int: return time.strptime(x, '%Y').tm_year",
        "def _unused(): return time.time()\ndef a(x: int) -> int: return x",
        "RATES = Path(__file__).read_text()\ndef a(x: int) -> int: return len(RATES)",
        "class _Box:\n    def __init__(self): self.x = []\n    def put(self, x): self.x.append(x); return self\n"
        "def a(x: int) -> int: return len(_Box().put(x).x)",
        "def a(x: int) -> int: return max(len(rows.pop()) for rows in [[[x]]])",
        "def a(x: int) -> int: return [row.sort() or row for row in [[x]]][0][0]",
    ],
)
def test_a_pure_function_is_taken(write_module: Any, source: str) -> None:
    assert problems(write_module, source) == ()


def test_the_functions_of_the_demo_are_pure() -> None:
    assert len(FeatureSet.from_module(flights.__name__).names) == 17


def test_a_helper_is_named_with_its_line(write_module: Any, tmp_path: Path) -> None:
    source = "from time import time\n\ndef a(x: int) -> int:\n    return _age(x)\n"
    source += "\ndef _age(x):\n    return int(time() - x)"
    with pytest.raises(FeatureError) as caught:
        FeatureSet.from_module(write_module("aged", source))
    assert caught.value.problems == (
        f"aged.a: reads a clock: time.time ({tmp_path / 'aged.py'}:7 in _age); take event_timestamp as an input, "
        'or say @feature(allow=("clock",))',
    )


def test_a_constant_that_was_read_from_a_clock_or_the_environment_is_refused(write_module: Any) -> None:
    (clock,) = problems(write_module, "START = time.time()\ndef a(x: int) -> float: return START")
    assert "reads a clock: time.time" in clock
    assert "in START" in clock
    (environment,) = problems(write_module, "LIMIT = os.getenv('X', '1')\ndef a(x: int) -> str: return LIMIT")
    assert "depends on the process it runs in: os.getenv" in environment


def test_helpers_in_other_modules_of_the_package_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "clocks.py").write_text(
        "from datetime import datetime\ndef age(x): return datetime.now().year - x"
    )
    (folder / "common.py").write_text("from store.clocks import age\nfrom datetime import datetime as moment")
    (folder / "features.py").write_text(
        "from store import common\n"
        "def a(x: int) -> int: return common.age(x)\n"
        "def b(x: int) -> int: return common.moment.now().year\n"
        "def c(x: int) -> int: return common.moment(2024, 1, 1).year\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(FeatureError) as caught:
        FeatureSet.from_module("store.features")
    first, second = caught.value.problems
    assert first.startswith("store.features.a: reads a clock: datetime.datetime.now")
    assert "clocks.py:2 in age" in first
    assert second.startswith("store.features.b: reads a clock: datetime.datetime.now")


def test_all_problems_come_together_with_those_of_annotations(write_module: Any) -> None:
    found = problems(
        write_module,
        "def a(x: int) -> int: return int(time.time())\ndef b(x): return x\ndef c(x: int) -> int: return hash('a')",
    )
    assert [problem.split(":")[0] for problem in found] == ["impure.b", "impure.b", "impure.a", "impure.c"]


def test_an_allowance_passes_over_its_own_kind_alone(write_module: Any) -> None:
    source = '@feature(allow=("clock",))\ndef a(x: int) -> int:\n    return int(time.time()) + random.randint(0, 1)'
    (problem,) = problems(write_module, source)
    assert "draws random numbers" in problem


@pytest.mark.parametrize("kind", ["clock", "random", "environment", "globals", "files"])
def test_every_kind_can_be_allowed(write_module: Any, kind: str) -> None:
    bodies = {
        "clock": "return int(time.time())",
        "random": "return random.randint(0, 1)",
        "environment": "return hash('a')",
        "globals": "SEEN.append(x)\n    return len(SEEN)",
        "files": "return len(open('x').read())",
    }
    source = f'SEEN = []\n@feature(allow=["{kind}"])\ndef a(x: int) -> int:\n    {bodies[kind]}'
    assert problems(write_module, source) == ()


def test_an_unknown_allowance_is_refused() -> None:
    with pytest.raises(
        FeatureError, match="allow has 'clocks'; it takes clock, random, environment, globals, files"
    ):
        feature(allow=("clocks",))


def test_functions_without_a_module_are_not_looked_at() -> None:
    import time

    def a(x: int) -> int:
        return int(time.time())

    assert FeatureSet.from_functions([a]).names == ("a",)
