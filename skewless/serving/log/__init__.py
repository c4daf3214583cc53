"""What serving used for a prediction → lines of files, each once, and back."""
