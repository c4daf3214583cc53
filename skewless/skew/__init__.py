"""Logged against recomputed values: what reconciliation and investigation share."""
