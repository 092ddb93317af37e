"""`./cage bench`: how fast settlements are taken, against what the database alone could do."""
