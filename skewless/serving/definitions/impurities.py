"""What makes a function impure by name: clocks, random numbers, the environment, files and the network."""

from __future__ import annotations

ALLOWANCES = ("clock", "random", "environment", "globals", "files")
"""What `@feature(allow=…)` takes."""

REMEDIES = {
    "clock": "take event_timestamp as an input",
    "random": "derive the value from the inputs",
    "environment": "write the value as a constant, or take it as an input",
    "globals": "compute the value from the inputs, or make the global a constant that nothing changes",
    "files": "write the values as a constant of the module, or join them as a feature table",
}
VERBS = {
    "clock": "reads a clock",
    "random": "draws random numbers",
    "environment": "depends on the process it runs in",
    "files": "reaches files or the network",
}

# A name stands for itself and for whatever is taken of it.
_NAMES = {
    "clock": "datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today datetime.date.today time",
    "random": "random secrets uuid.uuid1 uuid.uuid4 os.urandom os.getrandom numpy.random",
    "environment": """
        os.environ os.environb os.getenv os.getenvb os.getcwd os.getpid os.uname platform locale sys.argv
        socket.gethostname uuid.getnode builtins.hash builtins.id time.timezone time.tzname time.altzone
        threading.get_ident getpass
    """,
    "files": """
        builtins.open builtins.input io.open os.open os.listdir os.scandir os.walk os.stat os.path.exists
        os.path.getmtime os.path.isfile os.path.getsize os.system os.popen pathlib.Path glob tempfile shutil
        subprocess socket ssl urllib.request http.client requests httpx aiohttp sqlite3
    """,
}
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_PURE = frozenset({"time.strptime", "time.struct_time"})


def impurity(name: str) -> str | None:
    """The allowance that a dotted name needs, None for a pure one.

    >>> impurity("datetime.datetime.now"), impurity("os.environ.get"), impurity("datetime.timedelta")
    ('clock', 'environment', None)
    """
    if name in _PURE:
        return None
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        kind = _KINDS.get(".".join(parts[:size]))
        if kind is not None:
            return kind
    return None
