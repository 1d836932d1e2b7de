"""Both reports of a flow to one value with its evidence (docs/methods.md 1)."""
