"""A year's estimates as they are pinned: read, written, asked."""
