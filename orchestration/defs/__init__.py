"""What Dagster sees, one module a stage of the way."""
