"""The zone of whoever reads a page: its times are told in it, and the page says so.

The browser names its zone in a cookie (zone.js), or the one that was chosen at the top of a page.
A day of the business (TIME_ZONE), of a provider or of an export never depends on it.
"""
