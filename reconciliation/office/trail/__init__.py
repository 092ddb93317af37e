"""The trail: what people did, and who came in, in one list that can be searched.

It keeps nothing of its own. It reads Django's log, the histories of what has one, what left Cage,
and the logins that django-axes writes down, newest first.
"""
