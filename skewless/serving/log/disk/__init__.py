"""Log files: who owns them, how they grow and are renamed."""
