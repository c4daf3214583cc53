"""Standard output holds the result alone, whatever else is printed, and by whom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from skewless.ground.standard_output import kept_for_the_result

ROOT = Path(__file__).parents[2]


def ran(code: str, *, shell: str = "") -> subprocess.CompletedProcess[str]:
    """A program of its own, whose standard output is a pipe; `shell` redirects it further."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"
    command = ["sh", "-c", f'exec "$0" "$@" {shell}', sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


NOISE = """
import os, subprocess
from skewless.ground.standard_output import end_standard_output, kept_for_the_result
print("before")
with kept_for_the_result():
    print("printed")
    sys.__stdout__.write("written\\n")
    os.write(1, b"raw\\n")
    subprocess.run(["echo", "child"], check=True)
print("result")
"""


def test_only_what_is_printed_before_and_after_reaches_it() -> None:
    done = ran(NOISE)
    assert (done.returncode, done.stdout) == (0, "before\nresult\n")
    assert sorted(done.stderr.split()) == ["child", "printed", "raw", "written"]


def test_what_exit_hooks_print_goes_to_standard_error() -> None:
    done = ran(f"import atexit; atexit.register(print, 'bye')\n{NOISE}\nend_standard_output()")
    assert (done.returncode, done.stdout) == (0, "before\nresult\n")
    assert "bye" in done.stderr


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-"])
def test_a_closed_stream_stops_nothing(closed: str) -> None:
    code = "from skewless.ground.standard_output import kept_for_the_result\nwith kept_for_the_result(): pass"
    assert ran(code, shell=closed).returncode == 0


def test_it_is_given_back_after_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError), kept_for_the_result():
        raise RuntimeError
    print("result")
    assert capsys.readouterr().out == "result\n"
