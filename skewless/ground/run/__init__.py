"""What is true of one run: its name, the range of T that it takes, the step that it is at, and the manifest of
what it made."""
