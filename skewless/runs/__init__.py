"""One folder for each kind of run, with all that it alone needs; what they share is `execution`."""
