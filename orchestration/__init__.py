"""What runs, when and on what: Dagster, dbt, and the command line."""
