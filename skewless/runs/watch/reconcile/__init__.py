"""`skewless reconcile`: logged against recomputed values."""
