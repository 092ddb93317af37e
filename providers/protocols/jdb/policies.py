"""What JDB's bets, settlements and cancels hear in whatever order they come, and what follows.

"Document" are JDB's pages of the actions; where they are silent it says what was seen in public
integrations, or that it is our choice.
"""

from providers.protocols.rounds import Effect, Family, Policy
from providers.protocols.rounds import Situation as S

FAILED = "The bet has failed; the cancel that may follow hears `0000`. (Document.)"
ENDS = "The cancel has ended. "
AGAIN_12_HOURS = "Sent again every minute for 12 hours, in vain (document); then staff."
NOT_IN_PART = " Nothing is paid in part."
STANDS = "JDB restores its record: stake and win stand. (Document.)"
AGAIN_1_HOUR = "Sent again every minute for an hour, in vain (document); then staff."

# A bet with its cancel and its settlement: each has its own id and names the bets it means.
PREPAID: dict[S, Policy] = {
    S.BET: Policy(reply="0000", effect=Effect.TAKEN, then="The bet stands. (Document.)"),
    S.BET_REPEATED: Policy(
        reply="0000", then="The bet stands, once. Not documented, our choice: today's balance."
    ),
    S.BET_IN_CONFLICT: Policy(
        reply="9999",
        then="The first one stands. A cancel of the other amount would be refused: staff. (Ours.)",
    ),
    S.BET_NOT_COVERED: Policy(reply="6006", then=FAILED),
    S.BET_REFUSED_REPEATED: Policy(
        reply="6006", then="It failed on their side with the first answer, and stays so. (Ours.)"
    ),
    S.BET_OF_SUSPENDED: Policy(
        reply="7502", then="As any failed bet; the code is that of public integrations."
    ),
    S.BET_AFTER_CANCEL: Policy(
        reply="9999", then="The bet has failed, as its cancel was told. (Public integrations.)"
    ),
    S.BET_CANCELLED_REPEATED: Policy(
        reply="9999", then="The bet has failed, as its cancel was told. (Ours.)"
    ),
    S.CANCEL: Policy(reply="0000", effect=Effect.GIVEN_BACK, then=ENDS + "(Document.)"),
    S.CANCEL_REPEATED: Policy(reply="0000", then=ENDS + "(Document.)"),
    S.CANCEL_RENEWED: Policy(reply="0000", then=ENDS + "Given back once. (Ours.)"),
    S.CANCEL_OF_UNKNOWN: Policy(
        reply="0000", then=ENDS + "The bet can't be taken any more. (Public integrations.)"
    ),
    S.CANCEL_OF_REFUSED: Policy(reply="0000", then=ENDS + "Nothing had been taken. (Ours.)"),
    S.CANCEL_AFTER_SETTLE: Policy(reply="6101", then=AGAIN_12_HOURS),
    S.CANCEL_OF_OTHER_PLAYER: Policy(reply="9999", then=AGAIN_12_HOURS),
    S.CANCEL_UNDECIDED: Policy(reply="9999", then="Sent again every minute. (Document.)"),
    S.SETTLE: Policy(reply="0000", effect=Effect.PAID, then="It is paid. (Document.)"),
    S.SETTLE_REPEATED: Policy(reply="0000", then="It is paid, once. (Document.)"),
    S.SETTLE_AGAIN: Policy(
        reply="0000",
        effect=Effect.PAID,
        then="It is paid too: an open round has several. (Document: `roundClosed`.)",
    ),
    S.SETTLE_OF_SUSPENDED: Policy(
        reply="0000", effect=Effect.PAID, then="It is paid. (Ours: what is won is due.)"
    ),
    S.SETTLE_BEFORE_BET: Policy(
        reply="9999",
        then="Sent again every minute for an hour (document); paid once the bet is there.",
    ),
    S.SETTLE_BEFORE_BET_PAYING: Policy(
        reply="0000", effect=Effect.PAID, then="It is paid, and the bet can't be cancelled later."
    ),
    S.SETTLE_AFTER_CANCEL: Policy(reply="9999", then=AGAIN_1_HOUR),
    S.SETTLE_OF_REFUSED: Policy(reply="9999", then=AGAIN_1_HOUR),
    S.SETTLE_OF_ONE_CANCELLED: Policy(reply="9999", then=AGAIN_1_HOUR + NOT_IN_PART),
}

DEPOSITED: dict[S, Policy] = PREPAID | {
    S.SETTLE_AGAIN: Policy(
        reply="0000", effect=Effect.PAID, then="It is paid too. Not documented, our choice."
    ),
    S.SETTLE_BEFORE_BET: Policy(
        reply="9999",
        then="Sent again every minute for 12 hours (document); paid once the withdrawal is there.",
    ),
    S.SETTLE_AFTER_CANCEL: Policy(reply="9999", then=AGAIN_12_HOURS),
    S.SETTLE_OF_REFUSED: Policy(reply="9999", then=AGAIN_12_HOURS),
    S.SETTLE_OF_ONE_CANCELLED: Policy(reply="9999", then=AGAIN_12_HOURS + NOT_IN_PART),
}

# A cancel has the id of its bet; any answer but 6101 and 9017 means to JDB that it is cancelled.
RESULT: dict[S, Policy] = {
    S.BET: Policy(
        reply="0000", effect=Effect.TAKEN, then="Stake and win stand, in one step. (Document.)"
    ),
    S.BET_REPEATED: Policy(
        reply="0000", then="It stands, once. Not documented, our choice: today's balance."
    ),
    S.BET_IN_CONFLICT: Policy(
        reply="HTTP 503",
        then="The first one stands, and every status would say that the order failed. Without one "
        "an action 4 follows, and hears what became of it. (Ours.)",
    ),
    S.BET_NOT_COVERED: Policy(reply="6006", then=FAILED),
    S.BET_REFUSED_REPEATED: Policy(
        reply="6006", then="It failed on their side with the first answer, and stays so. (Ours.)"
    ),
    S.BET_OF_SUSPENDED: Policy(
        reply="7502", then="As any failed bet; the code is that of public integrations."
    ),
    S.BET_AFTER_CANCEL: Policy(
        reply="9999", then="It has failed, as its cancel was told. (Public integrations.)"
    ),
    S.CANCEL: Policy(reply="6101", then=STANDS),
    S.CANCEL_REPEATED: Policy(reply="6101", then=STANDS),
    S.CANCEL_OF_UNKNOWN: Policy(
        reply="0000", then=ENDS + "The bet can't be taken any more. (Public integrations.)"
    ),
    S.CANCEL_OF_REFUSED: Policy(reply="0000", then=ENDS + "Nothing had been taken. (Ours.)"),
    S.CANCEL_OF_OTHER_PLAYER: Policy(
        reply="6101", then="JDB restores its record, which stands for the player who bet. (Ours.)"
    ),
    S.CANCEL_UNDECIDED: Policy(
        reply="9017", then="Sent again after a minute, for an hour. (Document.)"
    ),
}

REVERSED: dict[S, Policy] = RESULT | {
    S.BET_CANCELLED_REPEATED: Policy(
        reply="9999", then="It has failed, as its cancel was told. (Ours.)"
    ),
    S.CANCEL: Policy(
        reply="0000",
        effect=Effect.UNDONE,
        then=ENDS + "(Document.) Where the win was spent: `6101`, and all stands.",
    ),
    S.CANCEL_REPEATED: Policy(reply="0000", then=ENDS + "(Document.)"),
    S.CANCEL_OF_OTHER_PLAYER: Policy(
        reply="9017", then="Sent again after a minute, for an hour (document); then staff."
    ),
}

REVERSED = {situation: REVERSED[situation] for situation in S if situation in REVERSED}

BET = Family(name="bet 9, settle 10, cancel 11", policies=PREPAID)
WITHDRAW = Family(name="withdraw 13, deposit 14, cancel 15", policies=DEPOSITED)
BET_AND_SETTLE = Family(name="bet and settle 8, cancel 4", policies=RESULT)
BET_AND_SETTLE_REVERSED = Family(
    name="bet and settle 8, cancel 4",
    policies=REVERSED,
    option='`"cancel_bet_and_settle": "reverse"`',
)
ROUNDS = (BET, WITHDRAW, BET_AND_SETTLE, BET_AND_SETTLE_REVERSED)
