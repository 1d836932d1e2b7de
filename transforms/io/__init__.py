"""What touches the disk: snapshots, the lake, its state, releases."""
