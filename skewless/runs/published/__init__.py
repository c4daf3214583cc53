"""`skewless show` and `skewless export`: what was published."""
