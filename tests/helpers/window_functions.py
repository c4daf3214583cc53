"""Feature functions of the tests that take window aggregations as inputs."""


def visits_and_newest(r__n_1d: int, r__v: int | None) -> float:
    """Null without an entity, where there is no count."""
    return r__n_1d * 10.0 + (r__v or 0)


def mean_or_nothing(r__mean_1d: float) -> float:
    return r__mean_1d
