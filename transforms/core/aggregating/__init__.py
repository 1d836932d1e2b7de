"""Flows to sums: one fused pass a year."""
