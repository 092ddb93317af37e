"""Statements against the ledger: where every movement of either side stands.

Each step is one statement of SQL over temporary tables, so its cost doesn't depend on how many
lines differ, and no line ever passes through Python.

`matching_key` are the transaction ids that are looked at one by one, `matching_line` and
`matching_movement` what the two sides have of them, `matching_pair` what was found to belong
together, `matching_result` where everything stands.
"""
