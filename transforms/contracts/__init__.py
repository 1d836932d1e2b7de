"""Columns, tables and layouts as data: the single source of truth, on the standard library and pyarrow."""
