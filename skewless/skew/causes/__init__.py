"""Mismatches on the driver → their likely cause: what one change would have given, beside what was logged."""
