"""`skewless schema`: the configuration's JSON Schemas, for editors."""
