"""Money that two people move: one asks, another approves, and only then anything is booked.

`proposals` says what would be booked, `asking` keeps the request, `deciding` ends it.
"""
