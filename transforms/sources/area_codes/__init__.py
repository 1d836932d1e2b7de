"""Fact tables of area codes: one line a fact, each table with its source. `area_systems` looks them up."""
