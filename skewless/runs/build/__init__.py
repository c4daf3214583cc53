"""`skewless build`: join, compute, audit, validate, publish; what it would do; and the same as a lazy frame."""
