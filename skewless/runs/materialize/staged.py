"""A run's entries, before anything of them is seen → a store to fetch from, as if the run were published."""

from __future__ import annotations

from collections.abc import Iterable

from skewless.serving.plan.document.layout import Layout
from skewless.serving.plan.serve.serving_plan import ServingPlan
from skewless.serving.sets.feature_set import FeatureSet
from skewless.serving.store.online_store import OnlineStore
from skewless.serving.store.seam import Snapshot, Store, StoreState, Wanted


class Staged:
    """What a run would publish: what serving asks of a store, and nothing else of it.

    `state` is that of the publication to be. What is asked for again is taken from memory: an audit asks for a key at
    many instants, and a server is a round trip away.
    """

    def __init__(self, store: Store, run: str, state: StoreState) -> None:
        self._store, self._run, self._state = store, run, state
        self._known: dict[tuple[str, bytes], bytes | None] = {}

    @property
    def url(self) -> str:
        return self._store.url

    def snapshot(self, _training_set: str, wanted: Wanted) -> Snapshot:
        """The state to be, and the rows as they would be read."""
        self.look_up(wanted)
        return Snapshot(self._state, [self._known[each] for each in wanted])

    def look_up(self, wanted: Iterable[tuple[str, bytes]]) -> None:
        """Ask the store for all of these that were not asked for yet, in one round trip."""
        new = [each for each in dict.fromkeys(wanted) if each not in self._known]
        if new:
            self._known.update(zip(new, self._store.staged(self._run, new), strict=True))

    def as_store(self) -> OnlineStore:
        """The same as serving opens one."""
        return OnlineStore(self)  # type: ignore[arg-type]  # of which nothing else is asked


def plan_of_inputs(layout: Layout) -> ServingPlan:
    """The plan without its functions, which give equal values of equal inputs, and may take columns of label events
    that an audit has none of."""
    return ServingPlan(layout, FeatureSet.from_functions([]))
