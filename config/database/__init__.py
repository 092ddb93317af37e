"""Django's PostgreSQL backend, with a bound of our own on every wait."""
