"""Feature functions of the tests of training from the log."""


def doubled(prices__price: float) -> float:
    return prices__price * 2


def quadrupled(doubled: float) -> float:
    return doubled * 2


def share(amount: float, clicks__n_1h: int) -> float | None:
    return amount / clicks__n_1h if clicks__n_1h else None
