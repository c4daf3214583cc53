"""Feature functions that show the blanks with which Spark pads CHAR columns, keys of each kind among them."""


def padded(c5_c5__code: str, c5: str) -> str:
    return f"{c5_c5__code}|{c5}"


def plain(s_v5__code: str, s: str) -> str:
    return f"{s_v5__code}|{s}"


def varying(v5_s__code: str, v5: str) -> str:
    return f"{v5_s__code}|{v5}"
