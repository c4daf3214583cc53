"""`skewless init-table`: the YAML of a feature table, or of a training set, drafted from a table that is there."""
