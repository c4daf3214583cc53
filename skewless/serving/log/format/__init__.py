"""One record as a line: written, read, typed."""
