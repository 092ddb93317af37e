"""What BeSoft sends, what it is told, and what can be configured: schemas, codes, settings."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw

from providers.protocols import base, wire
from wallets import refusals
from wallets.instructions import Kind

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

# As the page of each action shows a balance: 10000.0156, 3000.0167 and 3000.01.
BALANCE_DECIMALS = {"balance": 4, "bet": 4, "result": 2}

KINDS = {"bet": Kind.BET, "result": Kind.BET_AND_SETTLEMENT}


class Head(msgspec.Struct):
    action: wire.Int32


class Balance(msgspec.Struct):
    """Action 1."""

    uid: wire.Uid
    currency: str


class Bet(msgspec.Struct):
    """Action 2."""

    uid: wire.Uid
    bet: Raw
    transId: wire.Id
    roundId: Raw = wire.NOTHING
    gid: Raw = wire.NOTHING
    ts: Raw = wire.NOTHING
    mode: Raw = wire.NOTHING


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


class Played(msgspec.Struct):
    gid: wire.Id


HEAD = wire.Schema(Head)
NAMED = wire.Schema(Named)
PLAYED = wire.Schema(Played)
BALANCE = wire.Schema(Balance)
BET = wire.Schema(Bet)
RESULT = wire.Schema(Result)


# A game's gid, or how the gids of several begin: `fish*`.
Games = Annotated[str, Meta(pattern=r"\A(?:[^*\x00-\x1f\x7f-\x9f]{1,128}\*?|\*)\Z")]
# What the `bet` of a result is where action 2 came before: already taken, or charged again.
Stake = Literal["taken", "charged"]


class BeSoftSettings(base.Settings, frozen=True, kw_only=True):
    """`decimals` is what amounts may have: the pages say 2 and 4. `balance_decimals`, of every
    balance that is told; None: as the page of each action shows it.

    `bets`: which games send action 2, and what their action 3 then does. No document says.
    """

    currency: base.Currency
    decimals: base.Decimals = 4
    balance_decimals: base.Decimals | None = None
    bets: dict[Games, Stake] = {}
    # The document doesn't say what a time-out means. None: HTTP 503 and no body, which states
    # nothing. A number: {"status": number} with HTTP 200, which they read as a void order.
    no_verdict_status: Annotated[int, Meta(ge=2, le=2**31 - 1)] | None = None

    def stake_in(self, game: str) -> Stake | None:
        """What `bets` says of `game`, None where it sends no bets. The closest pattern counts: the
        gid itself, then the longest beginning."""
        if game in self.bets:
            return self.bets[game]
        beginnings = [
            pattern
            for pattern in self.bets
            if pattern.endswith("*") and game.startswith(pattern[:-1])
        ]
        return self.bets[max(beginnings, key=len)] if beginnings else None
