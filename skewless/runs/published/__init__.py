"""`skewless show`, `skewless export` and `skewless clean`: what was published, and what was left."""
