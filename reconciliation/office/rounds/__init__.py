"""The story of a round or a reference: everything that happened to it, in the order of time."""
