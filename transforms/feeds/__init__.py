"""Feeds: asking publishers for what is new, and landing it whole; the only package that opens connections."""
