"""Feature functions of the tests of `monitor`."""


def warm(facts__temp: float) -> bool:
    return facts__temp > 50
