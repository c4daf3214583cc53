"""The document of a serving plan and a request → a feature vector."""
