"""A stop cuts off the work at once, and nothing that cleans up after it or that is decided."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest

from skewless.ground.errors import afterwards
from skewless.ground.run.steps import step, steps_of_this_run
from skewless.ground.run.stops import (
    MOST_SIGNALS,
    Stop,
    Stopped,
    decide,
    decide_anew,
    stoppable,
    work_with_spark,
)

LONG = 30.0
SOON = 0.05


@contextmanager
def stopped_by(number: signal.Signals) -> Iterator[Stop]:
    """A run that gets the signal soon, and has to be stopped by it."""
    with stoppable() as stop:
        threading.Timer(SOON, os.kill, (os.getpid(), number)).start()
        with pytest.raises(Stopped):
            yield stop
    assert stop.reason == number.name


def asked(stop: Stop) -> None:
    """Until the signal has come, in small steps that it may cut off between."""
    while stop.reason is None:
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_work_is_cut_off_at_once_and_signals_do_afterwards_what_they_did_before(
    number: signal.Signals,
) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    begun = time.monotonic()
    with stopped_by(number):
        time.sleep(LONG)
    assert time.monotonic() - begun < LONG
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_time_that_is_over_is_a_stop() -> None:
    with stoppable(timedelta(seconds=SOON)) as stop, pytest.raises(Stopped):
        time.sleep(LONG)
    assert stop.reason == "--timeout"


def test_a_run_within_its_time_is_not_stopped() -> None:
    with stoppable(timedelta(seconds=LONG)) as stop:
        pass
    assert stop.reason is None


def test_the_step_is_the_one_at_which_the_stop_came() -> None:
    with steps_of_this_run(), stopped_by(signal.SIGTERM) as stop:
        with step("open"):
            pass
        with step("stage"):
            time.sleep(LONG)
    assert stop.step == "stage"


def test_clean_up_is_done_whole_with_another_signal_in_its_midst() -> None:
    done = []

    def clean_up() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.5)
        done.append("cleaned up")

    with stopped_by(signal.SIGTERM), afterwards(clean_up):
        time.sleep(LONG)
    assert done == ["cleaned up"]


def test_a_stop_in_a_clean_up_after_success_comes_when_it_is_over() -> None:
    done: list[str] = []

    def clean_up() -> None:
        asked(stop)
        time.sleep(0.5)
        done.append("cleaned up")

    with stopped_by(signal.SIGTERM) as stop:
        with afterwards(clean_up):
            pass
        time.sleep(LONG)
    assert done == ["cleaned up"]


def test_an_exception_on_its_way_is_not_replaced_while_it_is_handled() -> None:
    with stopped_by(signal.SIGTERM) as stop:
        try:
            raise ValueError("cancelled")
        except ValueError:
            asked(stop)
            time.sleep(0.5)
        time.sleep(LONG)


def test_a_stop_that_somebody_swallows_comes_again() -> None:
    with stopped_by(signal.SIGTERM):
        with suppress(KeyboardInterrupt):
            time.sleep(LONG)
        time.sleep(LONG)


def test_what_is_decided_is_finished_and_the_next_piece_does_not_begin() -> None:
    done = []
    with stopped_by(signal.SIGTERM) as stop:
        decide()
        asked(stop)
        time.sleep(0.5)
        done.append("published")
        decide_anew()
        done.append("begun")
    assert done == ["published"]


def test_nothing_is_decided_once_the_stop_has_come() -> None:
    with stopped_by(signal.SIGTERM) as stop:
        try:
            raise ValueError("in which nothing is cut off")
        except ValueError:
            asked(stop)
            decide()


def test_jobs_are_cancelled_as_long_as_the_work_goes_on() -> None:
    cancelled: list[int] = []
    with stoppable(timedelta(seconds=SOON)):
        before = signal.getsignal(signal.SIGINT)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # as pyspark does
        work_with_spark(lambda: cancelled.append(1), lambda: None)
        assert signal.getsignal(signal.SIGINT) == before
        with pytest.raises(Stopped):
            try:
                raise ValueError("in which nothing is cut off")
            except ValueError:
                while len(cancelled) < 3:
                    time.sleep(0.01)
            time.sleep(LONG)


def test_a_signal_too_many_ends_the_process() -> None:
    child = os.fork()
    if child == 0:
        with stoppable():
            decide()
            for _ in range(MOST_SIGNALS + 1):
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(0.01)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGTERM


def test_outside_of_the_main_thread_nothing_is_installed() -> None:
    found = []

    def work() -> None:
        before = signal.getsignal(signal.SIGTERM)
        with stoppable(timedelta(seconds=SOON)) as stop:
            time.sleep(4 * SOON)
            found.append((signal.getsignal(signal.SIGTERM) == before, stop.reason))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(True, None)]
