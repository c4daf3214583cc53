"""`skewless check`: the whole configuration without Spark."""
