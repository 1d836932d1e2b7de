"""Great Expectations gates, built from transforms.contracts and pushed down into DuckDB."""
