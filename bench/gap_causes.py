"""Is the right feature the first suspect of a gap, and is nobody one where nothing was planted?

Each seed is a world of its own: thirty features that go together, some with nulls, one of text; labels drawn from a
function of them with interactions, one feature deciding how much the others tell; a gradient-boosted model trained on
8,000 rows; 10,000 offline and 10,000 online rows, none in common, scored by it. Planted are, one at a time:

- skew: serving logs one feature otherwise (null as 0, another unit, another row's value, a constant in half the rows)
  and scores with that; three other features are logged harmlessly rounded, and must not come first;
- drift: the online population is chosen by one feature, its values narrower, greater or smaller, all logged right;
- nothing.

What is planted is drawn from what costs at least 0.03 of AUC on other rows (of drifts else the one that costs most),
since what costs nothing makes no gap to explain. Every world is asked with the model, and without it. No Spark: the
core alone.

    python -m bench.gap_causes --seeds 50
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from skewless.runs.watch.investigate.gap import (
    NOBODY,
    Features,
    Investigation,
    Predictions,
    Question,
    inquire,
)

FEATURES, ROWS, TRAINED_ON, TRIED_ON = 30, 10_000, 8_000, 20_000
LEAST_COST = 0.03
TEXT, NULLS = 29, (3, 8, 13, 18, 23, 28)
"""Which features are text, and have nulls."""
WORDS = ("clear", "cloudy", "fog", "rain", "snow")
DECOYS = 3
MOVES = ("narrow", "up", "down")
SKEWS = ("null_as_0", "unit", "another_row", "constant_in_part")

Matrix = NDArray[np.float64]
Draw = np.random.Generator


class World(NamedTuple):
    """How rows come about, and the model that was trained on some of them. NaN stands for null."""

    loadings: Matrix
    weights: Matrix
    hard: int
    model: HistGradientBoostingClassifier

    def rows(self, draw: Draw, size: int) -> tuple[Matrix, Matrix]:
        return drawn(self.loadings, self.weights, self.hard, draw, size)

    def auc(self, x: Matrix, y: Matrix) -> float:
        return float(roc_auc_score(y, self.model.predict_proba(x)[:, 1]))


def drawn(loadings: Matrix, weights: Matrix, hard: int, draw: Draw, size: int) -> tuple[Matrix, Matrix]:
    """Features that share five factors, and labels by a function with interactions and a term for nulls.

    The greater the feature `hard`, the less the others tell of the label.
    """
    x = draw.normal(size=(size, loadings.shape[0])) @ loadings + draw.normal(0, 0.8, (size, FEATURES))
    x[:, TEXT] = np.clip(np.floor(x[:, TEXT] + 2.5), 0, len(WORDS) - 1)
    logit = np.tanh(x) @ weights + 0.7 * np.tanh(x[:, 0] * x[:, 1]) + 0.5 * (x[:, TEXT] == 2)
    logit *= 1 - 0.9 / (1 + np.exp(-3 * x[:, hard]))
    for place in NULLS:
        is_null = draw.uniform(size=size) < 0.2
        logit += np.where(is_null, 2.0 * abs(weights[place]), 0.0)
        x[is_null, place] = np.nan
    logit -= 1.0
    return x, (draw.uniform(size=size) < 1 / (1 + np.exp(-logit))).astype(np.float64)


def make_world(draw: Draw) -> World:
    loadings = draw.normal(0, 0.35, (5, FEATURES))
    weights = draw.permutation(np.geomspace(1.2, 0.05, FEATURES)) * draw.choice([-1, 1], FEATURES)
    hard = int(draw.choice([place for place in range(FEATURES - 1) if place not in NULLS]))
    x, y = drawn(loadings, weights, hard, draw, TRAINED_ON)
    model = HistGradientBoostingClassifier(
        max_iter=120, learning_rate=0.08, max_leaf_nodes=15, random_state=0
    )
    return World(loadings, weights, hard, model.fit(x, y))


def skewed(x: Matrix, place: int, kind: str, draw: Draw) -> Matrix:
    """The rows with one feature as serving has it."""
    value = x[:, place].copy()
    if kind == "null_as_0":
        value = np.nan_to_num(value, nan=0.0)
    elif kind == "unit":
        value = value * 10
    elif kind == "another_row":
        value = draw.permutation(value)
    else:
        value = np.where(draw.uniform(size=len(value)) < 0.5, -1.0, value)
    other = x.copy()
    other[:, place] = value
    return other


def chosen(x: Matrix, place: int, move: str, draw: Draw, size: int) -> NDArray[np.int64]:
    """Rows of a population that is chosen by one feature: narrower, or greater or smaller values more often."""
    value = np.clip(np.nan_to_num(x[:, place]), -3, 3)
    odds = np.exp({"narrow": -(value**2) / 0.18, "up": 1.8 * value, "down": -1.8 * value}[move])
    return draw.choice(len(x), size, replace=False, p=odds / odds.sum())


class Planted(NamedTuple):
    """A world's online rows with what was planted: the feature, the kind, what it costs; as logged and as they are."""

    feature: str | None
    kind: str
    cost: float
    logged: Matrix
    right: Matrix
    label: Matrix


def plant_nothing(world: World, draw: Draw) -> Planted:
    x, y = world.rows(draw, ROWS)
    return Planted(None, "nothing", 0.0, x, x, y)


def plant_skew(world: World, draw: Draw) -> Planted:
    told = 0.0
    while told < LEAST_COST:
        kind = str(draw.choice(SKEWS))
        place = int(draw.choice(NULLS if kind == "null_as_0" else FEATURES - 1))
        x, y = world.rows(draw, TRIED_ON)
        told = world.auc(x, y) - world.auc(skewed(x, place, kind, draw), y)
    x, y = world.rows(draw, ROWS)
    logged = skewed(x, place, kind, draw)
    for decoy in draw.choice([each for each in range(FEATURES - 1) if each != place], DECOYS, replace=False):
        logged[:, decoy] = np.round(logged[:, decoy], 2)
    return Planted(name(place), kind, told, logged, x, y)


def plant_drift(world: World, draw: Draw) -> Planted:
    x, y = world.rows(draw, TRIED_ON)
    score = world.model.predict_proba(x)[:, 1]
    costs = {}
    for place, move in product(range(FEATURES - 1), MOVES):
        which = chosen(x, place, move, draw, TRIED_ON // 5)
        costs[place, move] = float(roc_auc_score(y, score) - roc_auc_score(y[which], score[which]))
    dear = [each for each, told in costs.items() if told >= LEAST_COST] or [
        max(costs, key=lambda each: costs[each])
    ]
    place, move = dear[draw.integers(len(dear))]
    x, y = world.rows(draw, ROWS * 5)
    which = chosen(x, place, move, draw, ROWS)
    return Planted(name(place), move, costs[place, move], x[which], x[which], y[which])


PLANTS: dict[str, Callable[[World, Draw], Planted]] = {
    "skew": plant_skew,
    "drift": plant_drift,
    "nothing": plant_nothing,
}


def name(place: int) -> str:
    return f"feature_{place:02d}"


def table_of(x: Matrix) -> pa.Table:
    """The rows as an investigation gets them: nulls are null, and text is text."""
    columns = {name(place): pa.array(x[:, place], from_pandas=True) for place in range(FEATURES)}
    columns[name(TEXT)] = pa.array([WORDS[int(code)] for code in x[:, TEXT]])
    return pa.table(columns)


def matrix_of(table: pa.Table) -> Matrix:
    columns = [table[name(place)].to_numpy() for place in range(FEATURES) if place != TEXT]
    words = np.array([WORDS.index(word) for word in table[name(TEXT)].to_pylist()], dtype=np.float64)
    return np.column_stack([*columns, words])


def predictions(side: str, score: Matrix, label: Matrix) -> Predictions:
    size = len(score)
    unit = np.arange(size, dtype=np.int64) + (0 if side == "offline" else size)
    return Predictions(side, score, label, unit, np.full(size, NOBODY, dtype=np.int64))


def ask(world: World, draw: Draw, planted: Planted, with_model: bool) -> Investigation:
    def model(table: pa.Table) -> Matrix:
        scores: Matrix = world.model.predict_proba(matrix_of(table))[:, 1]
        return scores

    x, y = world.rows(draw, ROWS)
    offline = predictions("offline", world.model.predict_proba(x)[:, 1], y)
    online = predictions("online", world.model.predict_proba(planted.logged)[:, 1], planted.label)
    both_nan = np.isnan(planted.logged) & np.isnan(planted.right)
    differs = (planted.logged != planted.right) & ~both_nan
    everywhere = np.ones(ROWS, dtype=bool)
    features = Features(
        offline,
        online,
        table_of(x),
        table_of(planted.logged),
        table_of(planted.right),
        {name(place): everywhere for place in range(FEATURES)},
        {name(place): differs[:, place] for place in range(FEATURES)},
    )
    return inquire(Question("bench", "auc", model if with_model else None), offline, online, features)


def run(seeds: Iterable[int]) -> list[dict[str, Any]]:
    outcomes = []
    for seed in seeds:
        draw = np.random.default_rng(seed)
        world = make_world(draw)
        for plant, planting in PLANTS.items():
            planted = planting(world, draw)
            state = draw.bit_generator.state
            for with_model in (True, False):
                draw.bit_generator.state = state
                began = time.perf_counter()
                found = ask(world, draw, planted, with_model)
                seconds = time.perf_counter() - began
                first = found.suspects[0] if found.suspects else None
                outcomes.append(
                    {
                        "plant": plant, "with_model": with_model, "planted": planted, "found": found,
                        "right": (first.feature if first else None) == planted.feature, "seconds": seconds,
                    }
                )  # fmt: skip
                if not outcomes[-1]["right"]:
                    print(
                        seed,
                        plant,
                        with_model,
                        planted.kind,
                        planted.feature,
                        f"{planted.cost:.3f}",
                        told_of(found),
                    )
    return outcomes


def told_of(found: Investigation) -> str:
    named = [f"{each.feature} {each.kind} {each.score:.2f}" for each in found.suspects[:3]]
    return f"gap {found.gap.value:+.4f} p {found.gap.p_value:.2g} suspects {named}"


def report(outcomes: list[dict[str, Any]]) -> str:
    lines = [
        "| planted | asked | right answer | gap significant | share of the gap told, median | seconds, median |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for plant in PLANTS:
        for with_model in (True, False):
            own = [each for each in outcomes if each["plant"] == plant and each["with_model"] is with_model]
            right = sum(each["right"] for each in own)
            real = sum(each["found"].significant for each in own)
            shares = [
                each["found"].suspects[0].evidence["share_of_gap"] or 0.0
                for each in own
                if each["right"] and each["found"].suspects
            ]
            share = f"{np.median(shares):.0%}" if shares else "-"
            asked = "with the model" if with_model else "without it"
            seconds = np.median([each["seconds"] for each in own])
            lines.append(f"| {plant} | {asked} | {right} of {len(own)} | {real} | {share} | {seconds:.1f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument(
        "--first-seed", type=int, default=0, help="begin with this one: worlds that nobody has seen"
    )
    began = time.perf_counter()
    given = parser.parse_args()
    outcomes = run(range(given.first_seed, given.first_seed + given.seeds))
    print(report(outcomes))
    kinds = sorted({each["planted"].kind for each in outcomes})
    for kind in kinds:
        own = [each for each in outcomes if each["planted"].kind == kind]
        print(f"{kind}: {sum(each['right'] for each in own)} of {len(own)}")
    print(f"{time.perf_counter() - began:.0f} s in all")


if __name__ == "__main__":
    main()
