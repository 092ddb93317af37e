"""What SUD hears in unusual orders. Pages: "update_score", the notifications of orders and users.

Resends are documented for none of them, so what SUD does with a failure is mostly unknown.
"""

from providers.protocols.rounds import Effect, Family, Policy, Situation

FAILED = "Page: any code but 0 has failed. "
STANDS = "Not documented whether SUD asks again, so the refusal is final here too."
NOT_RESENT = "Whether SUD sends it again is not documented. "
NO_LINK = "The page ties a gain to no consume: "

SCORES = Family(
    name="update_score",
    policies={
        Situation.BET: Policy(
            reply="ret_code 0",
            effect=Effect.TAKEN,
            then="Page: 0 is success. Where this answer is lost SUD can only ask again: no cancel "
            "is documented.",
        ),
        Situation.BET_REPEATED: Policy(
            reply="ret_code 9001",
            then="Page: the code for an order id that is known. They know that it was taken, once.",
        ),
        Situation.BET_IN_CONFLICT: Policy(
            reply="ret_code 1",
            then=f"{FAILED}Not 9001, which would say that this amount was taken. The first copy "
            "stands, and finance staff see the conflict.",
        ),
        Situation.BET_NOT_COVERED: Policy(
            reply="ret_code 9000", then=f"Page: the code for a balance that is too small. {STANDS}"
        ),
        Situation.BET_REFUSED_REPEATED: Policy(
            reply="ret_code 9000",
            then="Our choice: the first refusal stands, because SUD may hold the order for failed.",
        ),
        Situation.BET_OF_SUSPENDED: Policy(reply="ret_code 1", then=f"{FAILED}{STANDS}"),
        Situation.SETTLE: Policy(
            reply="ret_code 0", effect=Effect.PAID, then="Page: 0 is success."
        ),
        Situation.SETTLE_REPEATED: Policy(
            reply="ret_code 9001",
            then="Page: the code for an order id that is known. They know that it was paid, once.",
        ),
        Situation.SETTLE_AGAIN: Policy(
            reply="ret_code 0", effect=Effect.PAID, then=f"{NO_LINK}each gain is paid."
        ),
        Situation.SETTLE_OF_SUSPENDED: Policy(
            reply="ret_code 0", effect=Effect.PAID, then="Our choice: what was won is paid."
        ),
        Situation.SETTLE_BEFORE_BET: Policy(
            reply="ret_code 0", effect=Effect.PAID, then=f"{NO_LINK}it is paid."
        ),
        Situation.SETTLE_OF_REFUSED: Policy(
            reply="ret_code 0", effect=Effect.PAID, then=f"{NO_LINK}it is paid."
        ),
    },
)

BUY_INS = Family(
    name="take_buy_in, order.changed, user.settle",
    option='`"pays": "user.settle"`',
    policies={
        Situation.CANCEL: Policy(
            reply="ret_code 0",
            effect=Effect.GIVEN_BACK,
            then="Page: EXECUTE_FAIL, the order was not executed. That the payer gets back what "
            "was taken follows from that.",
        ),
        Situation.CANCEL_REPEATED: Policy(
            reply="ret_code 0", then="Page: 0, the notification has arrived."
        ),
        Situation.CANCEL_OF_UNKNOWN: Policy(
            reply="ret_code 0",
            then="Page: 0, the notification has arrived. The order's id is kept, so that no buy-in "
            "can be taken for it any more.",
        ),
        Situation.CANCEL_OF_REFUSED: Policy(
            reply="ret_code 0", then="Nothing was taken, so nothing is given back."
        ),
        Situation.CANCEL_AFTER_SETTLE: Policy(
            reply="ret_code 1",
            then=f"{NOT_RESENT}Our choice: what remained was paid, so finance staff look.",
        ),
        Situation.CANCEL_OF_OTHER_PLAYER: Policy(
            reply="ret_code 1",
            then=f"{NOT_RESENT}Our choice: one of the two payers is wrong.",
        ),
        Situation.CANCEL_UNDECIDED: Policy(
            reply="ret_code 2", then=f"{NOT_RESENT}The delivery is kept as failed."
        ),
        Situation.SETTLE: Policy(
            reply="ret_code 0",
            effect=Effect.PAID,
            then="What remains of the buy-in is paid. Not documented, an option.",
        ),
        Situation.SETTLE_REPEATED: Policy(
            reply="ret_code 0", then="Page: 0, the notification has arrived."
        ),
        Situation.SETTLE_AGAIN: Policy(
            reply="ret_code 0",
            effect=Effect.PAID,
            then="Another order of SUD's that names the same buy-in: each is paid once.",
        ),
        Situation.SETTLE_OF_SUSPENDED: Policy(
            reply="ret_code 0", effect=Effect.PAID, then="Our choice: what remained is paid."
        ),
        Situation.SETTLE_BEFORE_BET: Policy(
            reply="ret_code 1",
            then=f"{NOT_RESENT}Our choice: the stake in what remains was never taken. Owed, and "
            "paid as soon as the buy-in is known.",
        ),
        Situation.SETTLE_BEFORE_BET_PAYING: Policy(
            reply="ret_code 0",
            effect=Effect.PAID,
            then="For platforms that take buy-ins elsewhere.",
        ),
        Situation.SETTLE_AFTER_CANCEL: Policy(
            reply="ret_code 1",
            then=f"{NOT_RESENT}Our choice: the buy-in was given back. Owed, a matter for finance "
            "staff.",
        ),
        Situation.SETTLE_OF_REFUSED: Policy(
            reply="ret_code 1",
            then=f"{NOT_RESENT}Our choice: no buy-in was taken. Owed, a matter for finance staff.",
        ),
    },
)
