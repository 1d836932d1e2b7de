"""What stands behind a published number, gathered from a release, its lake and the releases before it. Reads only, prints nothing."""
