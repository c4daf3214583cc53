"""The entry point of every command and script: runs a command line and ends with its exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

BAD_INPUT = 2


def run(*prefix: str, arguments: Sequence[str] | None = None) -> NoReturn:
    """Run this process's command line, after the words that a script stands for, and exit with its code."""
    try:
        from skewless.cli.app import main
        from skewless.ground.standard_output import end_standard_output
    except ModuleNotFoundError as error:
        print(f"skewless: {error.name} is not installed; pip install 'skewless[spark]'", file=sys.stderr)
        sys.exit(BAD_INPUT)
    code = main([*prefix, *(sys.argv[1:] if arguments is None else arguments)])
    end_standard_output()
    sys.exit(code)
