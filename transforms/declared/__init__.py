"""What entrepot.toml declares: sources and their layouts, renamed columns, rates, feeds."""
