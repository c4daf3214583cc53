"""Online stores: the bytes of rows and keys, the seam that every store fills, and the stores behind it."""
