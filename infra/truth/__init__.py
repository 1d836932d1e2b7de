"""The truth test (docs/methods.md 1.5): worlds whose truth is known through the stages themselves, every method scored."""
