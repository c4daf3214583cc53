"""`skewless materialize`: what serving can need from now on, from feature tables into an online store."""
