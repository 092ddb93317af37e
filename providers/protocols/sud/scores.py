"""Direct wallet: `update_score` takes a score from a player, or gives one. Page: "update_score"."""

from providers.protocols import base, wire
from providers.protocols.sud import fields
from providers.protocols.sud.points import Points
from wallets.instructions import Instruction, Kind

CONSUME = 1
KINDS = {CONSUME: Kind.BET, 2: Kind.SETTLEMENT}


def update(points: Points, body: bytes) -> Instruction:
    """Raises Malformed, unless it is a consume with an order id: then its refusal stands."""
    try:
        return _update(points, fields.UPDATE_SCORE.read(body))
    except base.Malformed as malformed:
        return _malformed(points, body, malformed)


def _update(points: Points, order: fields.UpdateScore) -> Instruction:
    consumes = order.type == CONSUME
    score = -order.score if consumes else order.score
    movement = points.change(order.uid, score, field="score")
    return Instruction(
        provider=points.provider,
        transaction_id=base.transaction_id("update_score", order.order_id),
        kind=KINDS[order.type],
        movements=(movement,),
        reference=order.order_id,
        # Which consume a gain belongs to is not said; the round is what they have in common.
        round_id=wire.memo(order.round_id, longest=128),
        game=wire.memo(order.mg_id),
        stake=movement.debit if consumes else None,
        # A refused consume is over for SUD. A refused gain is still owed to the player.
        refusal_stands=consumes,
    )


def _malformed(points: Points, body: bytes, malformed: base.Malformed) -> Instruction:
    """A consume that can't be read has failed for SUD, so that has to stand under its order id."""
    try:
        consume = fields.CONSUME.read(body)
    except base.Malformed:
        raise malformed from None
    return Instruction(
        provider=points.provider,
        transaction_id=base.transaction_id("update_score", consume.order_id),
        kind=Kind.BET,
        movements=(),
        reference=consume.order_id,
        declined=malformed,
        refusal_stands=True,
    )
