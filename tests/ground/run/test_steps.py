"""The steps of a run: in order, added up, named by what fails, and told to whoever listens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import pytest

from skewless.ground.run.steps import (
    Step,
    current_step,
    doing,
    step,
    steps_of_this_run,
    this_run,
    what_was_done,
)


def test_steps_are_noted_in_the_order_in_which_they_were_begun_and_a_repeated_one_adds_up() -> None:
    with steps_of_this_run() as steps:
        for name in ("opening", "staging", "opening"):
            with step(name):
                steps.seconds[name] += 10.0
    written = steps.to_json()
    assert [each["step"] for each in written["steps"]] == ["opening", "staging"]
    assert [each["seconds"] >= floor for each, floor in zip(written["steps"], (20, 10), strict=True)] == [
        True,
        True,
    ]


def test_what_is_written_begins_when_the_run_began_in_utc() -> None:
    with steps_of_this_run() as steps:
        written = steps.to_json()
    begun = datetime.fromisoformat(written["started_at"])
    assert begun.utcoffset() == timedelta()
    assert abs(datetime.now(timezone.utc) - begun) < timedelta(minutes=1)
    assert isinstance(written["seconds"], float)


def test_the_step_that_fails_stays_the_current_one_and_the_error_names_it() -> None:
    with steps_of_this_run() as steps:
        with pytest.raises(RuntimeError) as caught, step("staging"):
            raise RuntimeError
        assert current_step() == "staging"
    assert what_was_done(caught.value) == "staging"
    assert list(steps.seconds) == ["staging"]


def test_what_was_being_done_inside_a_step_says_it_better() -> None:
    with pytest.raises(RuntimeError) as caught, step("staging"), doing("staging rows in /a"):
        raise RuntimeError
    assert what_was_done(caught.value) == "staging rows in /a"


def test_a_piece_notes_its_own_steps_and_the_whole_run_those_of_all_pieces() -> None:
    with steps_of_this_run() as whole:
        with step("opening"):
            pass
        for run_id in ("one", "two"):
            with steps_of_this_run() as piece, step("staging"):
                assert this_run().known_as(run_id) == run_id
            assert (list(piece.seconds), piece.run_id) == (["staging"], run_id)
    assert list(whole.seconds) == ["opening", "staging"]
    assert whole.run_id is None


def test_outside_of_a_run_a_step_is_only_taken() -> None:
    with step("staging"):
        pass
    assert (current_step(), this_run().to_json()["steps"]) == (None, [])


def test_listeners_of_the_whole_run_are_told_of_a_step_of_a_piece_with_the_pieces_run_id() -> None:
    told: list[object] = []

    @contextmanager
    def listener(taken: Step) -> Iterator[None]:
        told.append(taken.name)
        yield
        told.append((taken.run.run_id, taken.rows, taken.ended is not None))

    with steps_of_this_run(listener), steps_of_this_run(), step("staging") as staging:
        this_run().known_as("one")
        staging.rows = 7
    assert told == ["staging", ("one", 7, True)]
