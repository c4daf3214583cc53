"""`skewless build --each`: a range built piece by piece, a commit each."""
