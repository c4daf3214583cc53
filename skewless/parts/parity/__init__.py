"""Staged rows and the raw rows of their entities → what serving makes of them, and where that differs.

Takes rows with `audit`, the serving plan's document and the feature tables as they are; gives a `Parity`.
"""

from skewless.parts.parity.audit import Audit, Parity, begin_audit
from skewless.parts.parity.sample import AUDIT, audit_column

__all__ = ["AUDIT", "Audit", "Parity", "audit_column", "begin_audit"]
