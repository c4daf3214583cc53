"""Feature functions of the tests of `reconcile`."""


def doubled(weather__temp: float) -> float:
    return weather__temp * 2


def km(distance: float) -> float:
    return distance
