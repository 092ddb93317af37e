"""The end of a day: everything brought up to date, and the day's money closed.

day_end = reconciling.reconcile(None, day=None, at=timezone.now())
day_end.is_good
"""
