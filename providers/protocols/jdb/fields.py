"""What JDB sends, what it is told, and what can be configured: schemas, codes, settings."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw

from providers.protocols import amounts, base, wire
from providers.protocols.jdb import envelope
from wallets import refusals

CANCEL = "cancel_bet_and_settle"
OPERATIONS = {
    4: CANCEL,
    6: "balance",
    8: "bet_and_settle",
    9: "bet",
    10: "settle",
    11: "cancel_bet",
    12: "activity_reward",
    13: "withdraw",
    14: "deposit",
    15: "cancel_withdraw",
    16: "free_spin_reward",
    17: "free_spin_history",
}
# No bet stands in the books yet, so a cancelled one is already what the cancellation asks for.
NOTED = frozenset({CANCEL, "cancel_bet", "cancel_withdraw", "free_spin_history"})

SUCCESS = "0000"
FAILED = "9999"
# Action 4: any status but 6101 and 9017 counts as cancelled, and 9017 is asked again. For every
# other action all codes but 0000 mean the same.
IN_PROGRESS = "9017"
# A conflict hears 9999, not 6004 or 9011: "duplicate transfer" could be taken for "it is paid".
CODES: Mapping[type[refusals.Refusal], str] = {
    refusals.InsufficientFunds: "6006",
    refusals.UnknownPlayer: "7501",
    refusals.PlayerSuspended: "7502",
    refusals.PlayerClosed: "7504",
    base.Malformed: "8000",
    base.Unauthentic: "9001",
    envelope.Undeciphered: "9006",
    base.UnknownOperation: "9007",
    refusals.UnknownCurrency: "9023",
}


# One of theirs, two or three letters (RB, USD, VNO): what it means is configured.
Code = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9]{1,10}\Z")]


class Balance(msgspec.Struct):
    """Action 6. Whichever game asks (999: none, the lobby), a player has one balance."""

    uid: wire.Uid
    currency: Code


class Settle(msgspec.Struct):
    """Action 10. What only informs has a default: it must not keep a player from being paid."""

    transferId: wire.Long
    uid: wire.Uid
    currency: Code
    amount: Raw
    refTransferIds: Raw = wire.NOTHING
    gameRoundSeqNo: Raw = wire.NOTHING
    mType: Raw = wire.NOTHING
    ts: Raw = wire.NOTHING
    bet: Raw = wire.NOTHING
    validBet: Raw = wire.NOTHING
    win: Raw = wire.NOTHING
    netWin: Raw = wire.NOTHING
    tax: Raw = wire.NOTHING
    commission: Raw = wire.NOTHING
    historyId: Raw = wire.NOTHING
    roundClosed: Raw = wire.NOTHING


BALANCE = wire.Schema(Balance)
SETTLE = wire.Schema(Settle)


class Unit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one of JDB's currency codes means: `factor` units of `currency` (VN: 1000 VND)."""

    currency: base.Currency
    factor: Decimal = amounts.ONE


class JdbSettings(base.Settings, frozen=True, kw_only=True):
    """`key` and `iv` are 16 characters each; as lists they belong together by position."""

    currencies: dict[Code, base.Currency | Unit]
    key: base.Secret = ""
    iv: base.Secret = ""
    decimals: base.Decimals = 6
    balance_decimals: base.Decimals = 2
    balance_as: Literal["string", "number"] = "string"
