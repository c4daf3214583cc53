"""A feature function over a CHAR key that a query trimmed."""


def trimmed(r_s__code: str, r: str) -> str:
    return f"{r_s__code}|{r}"
