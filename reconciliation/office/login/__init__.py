"""Who is let in: a password, then a one-time password, for so long, and not by guessing."""
