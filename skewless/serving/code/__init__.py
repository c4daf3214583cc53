"""Feature functions as source → what they reach, whether they are pure, and fingerprints of what they mean."""
