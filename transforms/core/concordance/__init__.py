"""From one classification to another: groups of a correlation table, weights, chains of editions, rounding that loses nothing.

docs/methods.md 8. Pure functions on arrays: nothing here reads a file.
"""
