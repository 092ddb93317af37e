"""The books: who has how much, and every step that led there.

Transactions, references and entries are append-only; triggers and the rights of the running role
refuse anything else (see `append_only.py` and `rights.py`). Money is exact: NUMERIC(28, 8).
"""

from wallets.models.fields import Money
from wallets.models.mark import DatabaseMark
from wallets.models.players import Player, Wallet
from wallets.models.transactions import Entry, Reference, Transaction

__all__ = ["DatabaseMark", "Entry", "Money", "Player", "Reference", "Transaction", "Wallet"]
