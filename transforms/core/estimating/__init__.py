"""A year's parameters fitted: which flows speak for them, and the passes over buckets."""
