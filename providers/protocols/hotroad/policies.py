"""What HotRoad hears in unusual orders. Documents: 4.2 to 4.4 and 5.9 "Retry Mechanism"."""

from providers.protocols.rounds import Effect, Family, Policy, Situation

FAILED = "4.2: it has definitely failed, and they send no cancel. "
RESENT = "4.4, and 5.9 in its garbled way: they send it again; for how long is not documented. "
CANCEL_RESENT = "5.9: they send the cancel again for three hours, then handle it by hand. "

BETS = Family(
    name="place_bet, cancel_bet, settle",
    policies={
        Situation.BET: Policy(reply="0000", effect=Effect.TAKEN, then="They place it."),
        Situation.BET_REPEATED: Policy(
            reply="0000",
            then="They take it as placed, once. That a repetition succeeds is our choice: 4.2 "
            "doesn't speak of one.",
        ),
        Situation.BET_IN_CONFLICT: Policy(
            reply="9999",
            then="4.2: they cancel it, and the first copy, which stands here, is given back. Not "
            "8001, which would leave it taken. Finance staff see the conflict.",
        ),
        Situation.BET_NOT_COVERED: Policy(
            reply="8001",
            then=f"{FAILED}So it is final here too. 5.9 has them cancel it even so.",
        ),
        Situation.BET_REFUSED_REPEATED: Policy(
            reply="8001", then=f"{FAILED}The first refusal stands: they hold the bet for failed."
        ),
        Situation.BET_OF_SUSPENDED: Policy(reply="8001", then=f"{FAILED}So it is final here too."),
        Situation.BET_AFTER_CANCEL: Policy(
            reply="8001",
            then=f"{FAILED}5.9: whoever answers a cancel with 0000 knows that the bet does not "
            "stand.",
        ),
        Situation.BET_CANCELLED_REPEATED: Policy(
            reply="8001", then=f"{FAILED}The cancel was the last word."
        ),
        Situation.CANCEL: Policy(
            reply="0000",
            effect=Effect.GIVEN_BACK,
            then="5.9: they stop. A void round cancels good bets, also long after they were "
            "placed.",
        ),
        Situation.CANCEL_REPEATED: Policy(
            reply="0000", then="4.3: already cancelled is success, and they stop."
        ),
        Situation.CANCEL_OF_UNKNOWN: Policy(
            reply="0000",
            then="5.9: they take it that the bet does not stand, and stop. The id is kept, so "
            "that the bet is refused if it comes late. Not documented, follows from 5.9.",
        ),
        Situation.CANCEL_OF_REFUSED: Policy(
            reply="0000", then="4.3: known to have failed is success, and they stop."
        ),
        Situation.CANCEL_AFTER_SETTLE: Policy(
            reply="9999",
            then=f"{CANCEL_RESENT}Not documented; our choice, so that nothing paid is taken back.",
        ),
        Situation.CANCEL_OF_OTHER_PLAYER: Policy(
            reply="9999", then=f"{CANCEL_RESENT}Our choice: one of the two players is wrong."
        ),
        Situation.CANCEL_UNDECIDED: Policy(
            reply="9999", then="5.9: they send the cancel again for three hours."
        ),
        Situation.SETTLE: Policy(reply="0000", effect=Effect.PAID, then="They stop."),
        Situation.SETTLE_REPEATED: Policy(
            reply="0000", then="4.4: already settled is success, and they stop."
        ),
        Situation.SETTLE_OF_SUSPENDED: Policy(
            reply="0000", effect=Effect.PAID, then="Our choice: what was won is paid."
        ),
        Situation.SETTLE_BEFORE_BET: Policy(
            reply="9999", then=f"{RESENT}Our choice: paid as soon as the bet is known."
        ),
        Situation.SETTLE_BEFORE_BET_PAYING: Policy(
            reply="0000",
            effect=Effect.PAID,
            then="For a wallet whose bets don't pass through here.",
        ),
        Situation.SETTLE_AFTER_CANCEL: Policy(
            reply="9999",
            then=f"{RESENT}Our choice: they were told that the bet does not stand. Owed, a matter "
            "for finance staff.",
        ),
        Situation.SETTLE_OF_REFUSED: Policy(
            reply="9999",
            then=f"{RESENT}Our choice: no stake was taken. Owed, a matter for finance staff.",
        ),
    },
)
