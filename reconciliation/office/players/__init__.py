"""A player: wallets, statement, rounds, cases."""
