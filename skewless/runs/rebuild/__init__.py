"""`skewless rebuild`: the rows of a version again, from its manifest."""
