"""Figures by the hour: kept by a task, written again by a command, proved against the ledger."""
