"""Who is a suspect, and what the gap is made of, in small worlds whose truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skewless.runs.watch.investigate.gap import (
    NOBODY,
    Features,
    Investigation,
    Predictions,
    Question,
    inquire,
)
from skewless.runs.watch.investigate.report import summary_of_investigation, verdict_of

SIZE = 3000
ROWS = np.arange(SIZE)


def model(table: pa.Table) -> np.ndarray:
    """Two features that count, and one that does not."""
    return 1 / (1 + np.exp(-(1.5 * table["a"].to_numpy() + table["b"].to_numpy())))


def world(seed: int) -> tuple[pa.Table, np.ndarray]:
    draw = np.random.default_rng(seed)
    features = pa.table({name: draw.normal(size=SIZE) for name in ("a", "b", "unused")})
    return features, (draw.uniform(size=SIZE) < model(features)).astype(float)


def side(name: str, score: Any, label: Any, rows: Any = None, **more: Any) -> Predictions:
    start = 0 if name == "offline" else SIZE
    unit = rows if rows is not None else ROWS[: len(score)] + start
    return Predictions(
        name, score, label, unit, np.full(len(score), NOBODY) if rows is None else rows, **more
    )


def replaced(table: pa.Table, **columns: Any) -> pa.Table:
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(values))
    return table


def ask(
    online: Predictions,
    logged: pa.Table,
    right: pa.Table,
    *,
    called: bool = True,
    offline: Predictions | None = None,
    offline_features: pa.Table | None = None,
    **question: Any,
) -> Investigation:
    trained, label = world(1)
    differs = {name: logged[name].to_numpy() != right[name].to_numpy() for name in logged.column_names}
    offline = offline or side("offline", model(trained), label)
    features = Features(
        offline,
        online,
        trained if offline_features is None else offline_features,
        logged,
        right,
        {name: np.ones(len(online), dtype=bool) for name in differs},
        differs,
    )
    asked = Question("world", "auc", model if called else None, **question)
    return inquire(asked, offline, online, features)


def shuffled(values: pa.ChunkedArray) -> np.ndarray:
    return np.random.default_rng(5).permutation(values.to_numpy())


@pytest.mark.parametrize("called", [True, False], ids=["with the model", "by a surrogate"])
def test_the_feature_whose_logging_costs_most_comes_first(called: bool) -> None:
    right, label = world(2)
    logged = replaced(right, a=shuffled(right["a"]), b=right["b"].to_numpy().round(1))
    found = ask(side("online", model(logged), label), logged, right, called=called)
    assert found.significant
    assert next(each.feature for each in found.suspects) == "a"
    assert (found.suspects[0].evidence["share_of_gap"] or 0.0) > 0.7
    assert sum(part.estimate.value for part in found.parts if part.estimate) == pytest.approx(found.gap.value)


def test_a_feature_that_the_model_does_not_take_is_no_suspect_but_is_told() -> None:
    right, label = world(2)
    logged = replaced(right, unused=shuffled(right["unused"]))
    found = ask(side("online", model(logged), label), logged, right)
    assert found.suspects == ()
    assert list(found.differing) == ["unused"]


def test_a_rate_that_is_allowed_makes_no_suspect() -> None:
    right, label = world(2)
    logged = replaced(right, a=shuffled(right["a"]))
    found = ask(side("online", model(logged), label), logged, right, rate_allowed=lambda name: 1.0)
    assert found.suspects == ()


def test_a_population_that_moved_where_the_model_is_less_sure_is_drift_and_no_skew() -> None:
    right, label = world(2)
    near = np.flatnonzero(np.abs(right["a"].to_numpy()) < 0.6)
    rows = right.take(near)
    found = ask(side("online", model(rows), label[near]), rows, rows)
    assert [(each.feature, each.kind) for each in found.suspects] == [("a", "drift")]
    population = next(part for part in found.parts if part.name == "population").estimate
    assert population is not None
    assert population.value > 0.6 * found.gap.value


def test_other_scores_for_the_same_features_are_the_model_and_nobody_is_a_suspect() -> None:
    right, label = world(2)
    noise = np.random.default_rng(3).uniform(size=SIZE)
    found = ask(side("online", (model(right) + noise) / 2, label), right, right)
    parts = {part.name: part.estimate for part in found.parts}
    assert found.suspects == ()
    assert parts["model"] is not None
    assert parts["model"].value > 0.8 * found.gap.value


def test_on_rows_that_both_sides_scored_the_whole_change_is_known_without_the_model() -> None:
    """The surrogate cannot see `a`, which is no number here; the scores of the other side tell all the same."""
    trained, label = world(1)
    logged = replaced(trained, a=shuffled(trained["a"]))
    offline = side("offline", model(trained), label, ROWS)
    online = side("online", model(logged), label, ROWS)
    as_lists = [replaced(each, a=[[value] for value in each["a"].to_pylist()]) for each in (trained, logged)]
    differs = {"a": logged["a"].to_numpy() != trained["a"].to_numpy()}
    features = Features(
        offline, online, as_lists[0], as_lists[1], as_lists[0], {"a": np.ones(SIZE, dtype=bool)}, differs
    )
    found = inquire(Question("world", "auc"), offline, online, features)
    assert found.matched == SIZE
    assert found.same_rows is not None
    assert found.same_rows.value == pytest.approx(found.gap.value)
    assert found.suspects[0].evidence["share_of_gap"] == pytest.approx(1)


def test_labels_that_turned_are_unexplained() -> None:
    right, label = world(2)
    turned = np.where(np.random.default_rng(4).uniform(size=SIZE) < 0.2, 1 - label, label)
    found = ask(side("online", model(right), turned), right, right)
    assert found.suspects == ()
    assert found.parts[-1].name == "unexplained"
    assert found.parts[-1].estimate is not None
    assert found.parts[-1].estimate.value == pytest.approx(found.gap.value)


def test_losses_have_their_suspects_too() -> None:
    right, label = world(2)
    logged = replaced(right, a=shuffled(right["a"]))
    trained, known = world(1)
    offline, online = side("offline", model(trained), known), side("online", model(logged), label)
    differs = {"a": logged["a"].to_numpy() != right["a"].to_numpy()}
    features = Features(offline, online, trained, logged, right, {"a": np.ones(SIZE, dtype=bool)}, differs)
    for metric in ("log_loss", "rmse", "mae"):
        found = inquire(Question("world", metric, model), offline, online, features)
        assert found.gap.value < 0
        assert found.is_worse
        assert found.suspects[0].feature == "a"
        assert found.suspects[0].evidence["effect"] < 0


def test_arms_are_compared_one_by_one_and_one_with_too_few_rows_tells_nothing() -> None:
    right, label = world(2)
    broken = replaced(right, a=np.where(ROWS % 2, right["a"].to_numpy(), shuffled(right["a"])))
    arm = tuple("tiny" if row < 8 else "ab"[row % 2] for row in range(SIZE))
    found = ask(side("online", model(broken), label, arm=arm), broken, right)
    arms = {each.name: each for each in found.arms}
    assert arms["tiny"].gap is None
    assert (arms["a"].adjusted or 0) < 1e-6
    assert (arms["b"].adjusted or 0) > 0.01


def test_the_value_on_rows_whose_labels_are_complete_is_told_beside() -> None:
    right, label = world(2)
    settled = ROWS < 2000
    found = ask(side("online", model(right), label, settled=settled, unlabelled=500), right, right)
    assert found.settled is not None
    assert found.settled[1] == 2000
    assert any("500 rows (14.3%) without a label" in note for note in found.notes)


def test_a_drift_is_no_suspect_where_there_is_no_gap() -> None:
    """The same move of the population, with labels that are clearer in it, so that no more than chance is lost."""
    right, _ = world(2)
    near = np.flatnonzero(np.abs(right["a"].to_numpy()) < 0.6)
    rows = right.take(near)
    odds = 1.5 * np.log(model(rows) / (1 - model(rows)))
    label = (np.random.default_rng(6).uniform(size=len(near)) < 1 / (1 + np.exp(-odds))).astype(float)
    found = ask(side("online", model(rows), label), rows, rows)
    assert not found.significant
    assert found.suspects == ()


def test_a_drift_that_is_little_of_the_gap_is_no_suspect_beside_the_skew() -> None:
    right, label = world(2)
    most = np.flatnonzero(np.abs(right["b"].to_numpy()) < 1.6)
    rows = right.take(most)
    logged = replaced(rows, a=shuffled(rows["a"]))
    found = ask(side("online", model(logged), label[most]), logged, rows)
    assert [each.feature for each in found.suspects] == ["a"]


def test_a_feature_whose_repair_would_widen_the_gap_is_no_suspect() -> None:
    """What was logged of `b` knows the label."""
    right, label = world(2)
    logged = replaced(right, a=shuffled(right["a"]), b=right["b"].to_numpy() + label)
    found = ask(side("online", model(logged), label), logged, right)
    assert found.significant
    assert found.is_worse
    assert [each.feature for each in found.suspects] == ["a"]


def told_as_suspects(found: Investigation) -> list[str]:
    return [line for line in summary_of_investigation(found, verbose=True).splitlines() if "suspect" in line]


@pytest.mark.parametrize("called", [True, False], ids=["with the model", "by a surrogate"])
@pytest.mark.parametrize(
    "harmless",
    [
        pytest.param(
            lambda b, draw: np.where(ROWS % 20 == 0, b + draw.normal(0, 0.05, SIZE), b), id="jitter"
        ),
        pytest.param(lambda b, draw: b.round(2), id="rounded"),
        pytest.param(lambda b, draw: np.where(ROWS < 5, 0.0, b), id="five rows"),
        pytest.param(lambda b, draw: b.astype(np.float32).astype(float), id="another width"),
    ],
)
def test_a_repair_that_wins_nothing_back_was_counted_among_the_suspects_of_the_gap(
    called: bool, harmless: Any
) -> None:
    """`b` is logged otherwise and moves scores a little, some up and some down: -1% of the gap, or 1%, by chance."""
    right, label = world(2)
    b = harmless(right["b"].to_numpy(), np.random.default_rng(8))
    logged = replaced(right, a=shuffled(right["a"]), b=b)
    found = ask(side("online", model(logged), label), logged, right, called=called)
    assert [each.feature for each in found.suspects] == ["a"]
    assert "recomputed values: " in verdict_of(found)
    assert len(told_as_suspects(found)) == 1
    told = summary_of_investigation(found)
    assert "logged otherwise than recomputed, but not behind this gap: b (" in told


def test_without_a_gap_a_repair_that_moves_nothing_is_a_note_too() -> None:
    right, label = world(2)
    logged = replaced(right, b=right["b"].to_numpy().round(2))
    found = ask(side("online", model(logged), label), logged, right)
    assert (found.significant, found.suspects) == (False, ())
    assert "but not behind this gap: b (" in summary_of_investigation(found)


def test_a_small_share_that_is_sure_is_a_suspect_all_the_same() -> None:
    right, label = world(2)
    b = np.where(ROWS % 3 == 0, shuffled(right["b"]), right["b"].to_numpy())
    logged = replaced(right, a=shuffled(right["a"]), b=b)
    found = ask(side("online", model(logged), label), logged, right)
    assert [each.feature for each in found.suspects] == ["a", "b"]
    assert all((each.evidence["share_of_gap"] or 0.0) > 0 for each in found.suspects)
