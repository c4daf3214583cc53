"""The nouns of the pipeline, each blind to the others."""
