"""Dimensions and lists: areas and their groups, products, codes, correlations, indicators, source releases."""
