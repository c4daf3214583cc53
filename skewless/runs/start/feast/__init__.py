"""A Feast repository's definitions → feature tables, training sets, and notes of what is left to do by hand."""
