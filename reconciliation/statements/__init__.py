"""Statement files: what a provider lists, read row by row and kept as lines."""
