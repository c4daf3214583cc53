"""A feature function that fails, for the tests of what a build does then."""


def share(facts__v: float) -> float:
    return facts__v / 0
