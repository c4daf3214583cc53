"""A serving plan and the feature code that it was built with, in one file."""
