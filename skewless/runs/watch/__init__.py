"""The kinds of run that read what serving logged."""
