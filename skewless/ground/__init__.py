"""What everything stands on: errors, names, instants, columns."""
