"""What BeSoft sends, what it is told, and what can be configured: schemas, codes, settings."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from providers.protocols import base, wire
from wallets import refusals

OPERATIONS = {1: "balance", 2: "bet", 3: "result"}
ACTIONS = {operation: action for action, operation in OPERATIONS.items()}

# The numbers are those of their own pages and of a public integration; only 1 decides anything.
# 1031, "transaction already exists", is not used: nothing may be taken for "it is paid".
SUCCESS = 1
FAILED = 1001
CODES: Mapping[type[refusals.Refusal], int] = {
    refusals.UnknownPlayer: 1004,
    base.Malformed: 1008,
    base.Unauthentic: 1008,
    refusals.InsufficientFunds: 1009,
    refusals.UnknownCurrency: 1014,
    refusals.PlayerClosed: 1014,
    refusals.PlayerSuspended: 1014,
    refusals.BalanceTooLarge: 1014,
}

# As the pages of actions 1 and 3 show a balance: 10000.0156 and 3000.01.
BALANCE_DECIMALS = {"balance": 4, "result": 2}


class Head(msgspec.Struct):
    action: wire.Int32


class Balance(msgspec.Struct):
    """Action 1."""

    uid: wire.Uid
    currency: str


class Result(msgspec.Struct):
    """Action 3. What only informs has a default: a missing memo must not void an order."""

    uid: wire.Uid
    bet: Raw
    win: Raw
    transId: wire.Id
    roundId: Raw = wire.NOTHING
    gid: Raw = wire.NOTHING
    ts: Raw = wire.NOTHING
    mode: Raw = wire.NOTHING
    spjpbet: Raw = wire.NOTHING


class Named(msgspec.Struct):
    transId: wire.Id


HEAD = wire.Schema(Head)
NAMED = wire.Schema(Named)
BALANCE = wire.Schema(Balance)
RESULT = wire.Schema(Result)


class BeSoftSettings(base.Settings, frozen=True, kw_only=True):
    """`decimals` is what amounts may have: the pages say 2 and 4. `balance_decimals`, of every
    balance that is told; None: as the page of each action shows it."""

    currency: base.Currency
    decimals: base.Decimals = 4
    balance_decimals: base.Decimals | None = None
    # The document doesn't say what a time-out means. None: HTTP 503 and no body, which states
    # nothing. A number: {"status": number} with HTTP 200, which they read as a void order.
    no_verdict_status: Annotated[int, Meta(ge=2, le=2**31 - 1)] | None = None
