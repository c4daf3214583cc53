"""What is told of a build: its summary for a terminal and its report, of one outcome."""
