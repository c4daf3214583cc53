"""An opened training set and label events → rows in a run's own place, how they came to be, and their audit."""
