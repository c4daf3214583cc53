"""A feature function that shows the blanks with which Spark pads CHAR columns."""


def code_and_key(facts__code: str, k: str) -> str:
    return f"{facts__code}|{k}"
