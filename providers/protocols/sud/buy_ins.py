"""Buy-ins: taken before the operator's platform orders points from SUD, and given back where SUD
could not execute the order.

Pages: "In-game payment order", "Order status change notification" and its batch.
"""

from collections.abc import Iterator

from msgspec import Raw

from providers.protocols import base, wire
from providers.protocols.sud import fields
from providers.protocols.sud.points import Points
from wallets.instructions import Instruction, Kind, Movement, Origin


def buy_in_id(out_order_id: str) -> str:
    """A buy-in's transaction id: the order's id is the operator's own."""
    return base.transaction_id("buy_in", out_order_id)


def take(points: Points, order: fields.BuyIn) -> Instruction:
    """No callback: it comes from the operator's platform. Raises Malformed."""
    movement = points.change(order.uid, -order.score, field="score")
    return Instruction(
        provider=points.provider,
        transaction_id=buy_in_id(order.out_order_id),
        kind=Kind.BET,
        movements=(movement,),
        reference=order.out_order_id,
        stake=movement.debit,
        origin=Origin.COMMAND,
        # A platform that was told no has ordered nothing: what it holds for failed stays so.
        refusal_stands=True,
    )


def failed(orders: list[Raw]) -> Iterator[fields.FailedOrder]:
    """Those that SUD could not execute. All others move nothing. Raises Malformed."""
    for order in map(bytes, orders):
        if fields.ORDER.read(order).status == fields.EXECUTE_FAIL:
            yield fields.FAILED_ORDER.read(order)


def give_back(points: Points, order: fields.FailedOrder, *, game: str, at: Raw) -> Instruction:
    """The buy-in of the paying user, exactly as it was taken.

    `value` is not compared with it: only for some games it is documented to be points.
    """
    return Instruction(
        provider=points.provider,
        transaction_id=base.transaction_id("order", order.out_order_id),
        kind=Kind.ROLLBACK,
        movements=(Movement(uid=order.from_uid, currency=points.currency),),
        reference=order.out_order_id,
        round_id=wire.memo(order.game_round_id, longest=128),
        game=game,
        details=wire.memos(
            order_id=order.order_id, cmd=order.cmd, value=order.value, to_uid=order.to_uid
        ),
        cancels=(buy_in_id(order.out_order_id),),
        occurred_at=wire.at_epoch(wire.memo(at)),
    )
