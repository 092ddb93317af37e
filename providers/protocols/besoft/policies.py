"""What BeSoft hears in unusual orders. Documents: "Placing a bet", "Game result".

No cancel is documented. Whatever hears another status than 1 is void on their side.
"""

from providers.protocols.rounds import Effect, Family, Policy, Situation

UNTIED = "Which bets a result settles is not documented: it is paid as it stands."


def _bets(source: str) -> dict[Situation, Policy]:
    """What a stake hears; `source` says how far that is documented."""
    void = f"{source}the order is void there, so the refusal is final here."
    return {
        Situation.BET: Policy(
            reply="status 1", effect=Effect.TAKEN, then=f"{source}the order is valid there."
        ),
        Situation.BET_REPEATED: Policy(
            reply="status 1", then=f"{source}both copies must succeed, or they void the order."
        ),
        Situation.BET_IN_CONFLICT: Policy(
            reply="status 1001",
            then=f"{source}they may void the order, of which the first copy stands here. Finance "
            "staff see the conflict.",
        ),
        Situation.BET_NOT_COVERED: Policy(reply="status 1009", then=void),
        Situation.BET_REFUSED_REPEATED: Policy(
            reply="status 1009", then=f"{void} Taken now, it would be money for a void order."
        ),
        Situation.BET_OF_SUSPENDED: Policy(reply="status 1014", then=void),
    }


FAMILIES = (
    Family(name="action 3 (result), which brings its bet and win", policies=_bets("Game result: ")),
    Family(
        name="action 2 (bet), action 3 (result)",
        option='`"bets": {"<gid>": "taken"}`',
        policies={
            **_bets("Not documented for bets, as for results: "),
            Situation.SETTLE: Policy(
                reply="status 1", effect=Effect.PAID, then="Game result: the order is valid there."
            ),
            Situation.SETTLE_REPEATED: Policy(
                reply="status 1",
                then="Game result: both copies must succeed, or they void the order.",
            ),
            Situation.SETTLE_AGAIN: Policy(reply="status 1", effect=Effect.PAID, then=UNTIED),
            Situation.SETTLE_OF_SUSPENDED: Policy(
                reply="status 1", effect=Effect.PAID, then="Our choice: what was won is paid."
            ),
            Situation.SETTLE_BEFORE_BET: Policy(reply="status 1", effect=Effect.PAID, then=UNTIED),
            Situation.SETTLE_OF_REFUSED: Policy(
                reply="status 1",
                effect=Effect.PAID,
                then=f"{UNTIED} They voided the bet, so none should come.",
            ),
        },
    ),
)
