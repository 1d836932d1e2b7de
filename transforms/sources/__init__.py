"""Reading trade files right: one recogniser, one streaming reader, layouts as data."""
