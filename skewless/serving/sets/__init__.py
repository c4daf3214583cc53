"""Modules of feature functions → one checked set, run over a row or over columns."""
