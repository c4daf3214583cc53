"""What a serving plan says: written at export, read and checked at load."""
