"""What each action that moves money asks of the ledger."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Raw

from providers.protocols import amounts, base, wire
from providers.protocols.jdb import fields
from providers.protocols.jdb.maker import Maker
from wallets import money
from wallets.instructions import Instruction, Kind

# A refusal of these is the end on JDB's side: the bet has failed, and at most a cancel follows.
BETS: Mapping[str, Kind] = {
    "bet_and_settle": Kind.BET_AND_SETTLEMENT,
    "bet": Kind.BET,
    "withdraw": Kind.BET,
}


def read(maker: Maker, operation: str, body: bytes) -> Instruction:
    """What a delivery asks for. Raises Malformed.

    A bet that can't be understood has failed on their side as soon as it is refused: that has to
    stand under its id, unless not even the id can be read.
    """
    schema, instruction = READERS[operation]
    try:
        return instruction(maker, operation, schema.read(body))
    except base.Malformed as malformed:
        if operation not in BETS:
            raise
        return maker.failed(operation, body, malformed, kind=BETS[operation])


# -- Bets --------------------------------------------------------------------------------------


def _bet(maker: Maker, operation: str, order: fields.Stake) -> Instruction:
    amount = maker.positive(order, "amount")
    return _take(maker, operation, order, {"debit": amount}, stake=amount)


def _withdraw(maker: Maker, operation: str, order: fields.Stake) -> Instruction:
    """Money that goes to the game; its deposit says how much of it was staked there."""
    return _take(maker, operation, order, {"debit": maker.positive(order, "amount")}, stake=None)


def _bet_and_settle(maker: Maker, operation: str, order: fields.BetAndSettle) -> Instruction:
    bet = maker.amount(order, "bet").copy_abs()  # "Always negative."
    win = amounts.not_negative(maker.amount(order, "win"), field="win")
    # "Deducting or adding funds with netWin": where that isn't win less bet, one of the three is
    # wrong, and which one is not for us to guess.
    if maker.amount(order, "netWin") != amounts.WIDE.subtract(win, bet):
        raise base.Malformed("netWin is not win less bet")
    move = {"debit": bet, "credit": win, "minimum": _minimum(maker, order, bet)}
    return _take(maker, operation, order, move, stake=bet)


def _minimum(maker: Maker, order: fields.BetAndSettle, bet: Decimal) -> Decimal:
    """The balance that must be there: "when player's balance >= mb, this is a legal bet".

    Without `mb` it is the bet. So it is where `mb` is negative: in games that don't shoot it
    "means bet", and that is always negative.
    """
    if bytes(order.mb) in (b"", b"null"):
        return bet
    minimum = maker.amount(order, "mb")
    return bet if minimum < 0 else minimum


def _take(
    maker: Maker,
    operation: str,
    order: fields.Order,
    move: Mapping[str, Decimal],
    *,
    stake: Decimal | None,
) -> Instruction:
    return maker.make(
        operation,
        order,
        kind=BETS[operation],
        move=move,
        stake=stake,
        declined=maker.unknown_currency(order),
        refusal_stands=True,
    )


# -- Settlements and rewards -------------------------------------------------------------------


def _settle(maker: Maker, operation: str, order: fields.Settle) -> Instruction:
    return _pay(maker, operation, order, "bet", order.refTransferIds, stake=order.bet)


def _deposit(maker: Maker, operation: str, order: fields.Deposit) -> Instruction:
    return _pay(maker, operation, order, "withdraw", order.refTransferIds, stake=order.totalBet)


def _pay(
    maker: Maker, operation: str, order: fields.Order, bets: str, ids: Raw, *, stake: Raw
) -> Instruction:
    # Under its own id, never refTransferIds: an open round (roundClosed false) settles again.
    credit = amounts.not_negative(maker.amount(order, "amount"), field="amount")
    return maker.make(
        operation,
        order,
        kind=Kind.SETTLEMENT,
        move={"credit": credit},
        stake=maker.stated(order, stake),
        # Ids that can't be read are none, and that is too few for a settlement that needs bets.
        settles=_named(bets, wire.memo_list(ids)),
        needs_bets=maker.settings.unknown_bet == "refuse",
        declined=maker.unknown_currency(order),
    )


def _reward(maker: Maker, operation: str, order: fields.Reward) -> Instruction:
    return maker.make(
        operation,
        order,
        kind=Kind.REWARD,
        move={"credit": maker.positive(order, "amount")},
        declined=maker.unknown_currency(order),
    )


# -- Cancels -----------------------------------------------------------------------------------


def _cancel_bet_and_settle(maker: Maker, operation: str, order: fields.Order) -> Instruction:
    """It states no amount, and has no id of its own: that of the action 8.

    Its refusal stands: once JDB heard 6101 it holds the result good, and a copy of the cancel
    that comes late must not undo it after all.
    """
    return _undo(
        maker,
        operation,
        order,
        _named("bet_and_settle", [order.transferId]),
        stated=money.ZERO,
        undoes_wins=maker.settings.cancel_bet_and_settle == "reverse",
        refusal_stands=True,
    )


def _cancel_bet(maker: Maker, operation: str, order: fields.CancelBet) -> Instruction:
    stated = maker.positive(order, "amount")
    return _undo(maker, operation, order, _named("bet", order.refTransferIds), stated=stated)


def _cancel_withdraw(maker: Maker, operation: str, order: fields.CancelWithdraw) -> Instruction:
    stated = maker.positive(order, "amount")
    return _undo(maker, operation, order, _named("withdraw", [order.refTransferId]), stated=stated)


def _undo(
    maker: Maker,
    operation: str,
    order: fields.Order,
    cancels: tuple[str, ...],
    *,
    stated: Decimal,
    **more: bool,
) -> Instruction:
    """A currency that isn't configured is no reason to refuse: nothing was taken in it, and that
    is what a cancel asks for."""
    return maker.make(
        operation,
        order,
        kind=Kind.ROLLBACK,
        move={"credit": stated},
        cancels=cancels,
        **more,
    )


def _named(operation: str, ids: Sequence[object]) -> tuple[str, ...]:
    return tuple(base.transaction_id(operation, id_) for id_ in ids)


Reader = tuple[wire.Schema[Any], Callable[[Maker, str, Any], Instruction]]
READERS: Mapping[str, Reader] = {
    "cancel_bet_and_settle": (wire.Schema(fields.Order), _cancel_bet_and_settle),
    "bet_and_settle": (wire.Schema(fields.BetAndSettle), _bet_and_settle),
    "bet": (wire.Schema(fields.Stake), _bet),
    "settle": (wire.Schema(fields.Settle), _settle),
    "cancel_bet": (wire.Schema(fields.CancelBet), _cancel_bet),
    "activity_reward": (wire.Schema(fields.Reward), _reward),
    "withdraw": (wire.Schema(fields.Stake), _withdraw),
    "deposit": (wire.Schema(fields.Deposit), _deposit),
    "cancel_withdraw": (wire.Schema(fields.CancelWithdraw), _cancel_withdraw),
    "free_spin_reward": (wire.Schema(fields.Reward), _reward),
}
