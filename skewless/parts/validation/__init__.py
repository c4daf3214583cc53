"""A Great Expectations suite over the staged rows → which expectations failed, with sample rows.

Takes the suite's JSON, the staged rows and the values of its parameters; gives a `Verdict`.
"""

from skewless.parts.validation.failures import Failure
from skewless.parts.validation.sql import sql_problems
from skewless.parts.validation.suite import Verdict, refuse_broken_suite, validate

__all__ = ["Failure", "Verdict", "refuse_broken_suite", "sql_problems", "validate"]
