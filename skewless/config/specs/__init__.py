"""One model for each kind of configuration file."""
