"""A suite of Great Expectations as written, held against what Great Expectations takes, without importing it."""

from skewless.config.specs.suite.suite import Suite, read_suite

__all__ = ["Suite", "read_suite"]
