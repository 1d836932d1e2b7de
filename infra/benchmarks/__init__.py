"""Benchmarks against other engines: `make bench`."""
