"""Independent answers to compare the engine with: nothing here imports the package under test."""
