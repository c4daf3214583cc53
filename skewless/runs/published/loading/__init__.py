"""`skewless.load`: the rows of a published training set, without Spark."""
