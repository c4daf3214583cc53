"""Feature functions of the service in docs/serving.md, over what a request has."""


def tenth(amount: float) -> float:
    return amount / 10


def is_large(tenth: float) -> bool:
    return tenth > 1
