"""A feature function that needs more than serving has."""


def only_with_spark(amount: float) -> float:
    import pyspark

    return amount + len(pyspark.__version__)
