"""What is true of one run: its name, the range of T that it takes, and the step that it is at."""
