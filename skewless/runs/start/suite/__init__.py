"""`skewless init-suite`: a suite of Great Expectations, drafted from a published version."""
