"""Feature functions of the tests' training set that is built again."""


def shifted(facts__v: float | None) -> float:
    return -0.0 if facts__v is None else facts__v + 1.0


def tag_count(facts__tags: list[str | None]) -> int:
    return len(facts__tags)
