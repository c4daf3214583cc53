"""`skewless monitor`: distributions in training against those in serving."""
