"""What a poker table pays: `match.settle` of all its players, or `user.settle` of each order.

Pages: "Single game settlement notification", "User settlement notification". Only one of the two
pays, whichever is configured.
"""

from providers.protocols import base, wire
from providers.protocols.sud import fields
from providers.protocols.sud.buy_ins import buy_in_id
from providers.protocols.sud.points import Points
from wallets.instructions import Instruction, Kind


def match(points: Points, match: fields.Match) -> Instruction:
    """`score` as it stands: gained or lost. Commission and what remains are information.

    Of robots only it has no movements, and is kept all the same: with players under the same id it
    would be another match. Raises Malformed.
    """
    players = [player for player in match.results if not player.is_ai]
    uids = {player.uid for player in players}
    if "" in uids or len(uids) != len(players):
        raise base.Malformed("A player of the match has no uid, or stands in it twice.")
    return Instruction(
        provider=points.provider,
        transaction_id=base.transaction_id("match", match.match_id),
        kind=Kind.SETTLEMENT,
        movements=tuple(
            points.change(player.uid, player.score, field="score") for player in players
        ),
        reference=match.match_id,
        round_id=match.match_id,
        game=wire.memo(match.mg_id),
        details=_details(players),
        occurred_at=wire.at_epoch(wire.memo(match.battle_end_at)),
    )


def user_settles(
    points: Points, settle: fields.UserSettle, *, credits: str, needs_bets: bool
) -> tuple[Instruction, ...]:
    """One for each player's order; robots have none. `credits` is the field that is paid.

    Raises Malformed.
    """
    return tuple(
        _user_settle(points, settle, player, credits=credits, needs_bets=needs_bets)
        for player in settle.results
        if player.uid and not player.is_ai
    )


def _user_settle(
    points: Points,
    settle: fields.UserSettle,
    player: fields.UserSettled,
    *,
    credits: str,
    needs_bets: bool,
) -> Instruction:
    if not player.order_id:
        raise base.Malformed("A player's settlement has no order_id.")
    score = player.score if credits == "score" else player.remain_score
    if credits == "remain_score" and score < 0:
        raise base.Malformed("remain_score is negative")
    return Instruction(
        provider=points.provider,
        transaction_id=base.transaction_id("user_settle", player.order_id),
        kind=Kind.SETTLEMENT,
        movements=(points.change(player.uid, score, field=credits),),
        reference=player.order_id,
        round_id=wire.memo(settle.match_id, longest=128),
        game=wire.memo(settle.mg_id),
        details={
            "score": str(player.score),
            "remain_score": str(player.remain_score),
            **wire.memos(commission_score=player.commission_score),
        },
        settles=(buy_in_id(player.out_order_id),) if player.out_order_id else (),
        needs_bets=needs_bets,
        occurred_at=wire.at_epoch(wire.memo(settle.settle_at)),
    )


def _details(players: list[fields.PlayerSettle]) -> dict[str, str]:
    stated = {
        f"{name} {player.uid}": wire.memo(token)
        for player in players
        for name, token in (
            ("commission_score", player.commission_score),
            ("remain_score", player.remain_score),
        )
    }
    return {name: text for name, text in stated.items() if text}
