"""The methods: areas, products, harmonising, reconciling, aggregating, the ledger."""
