"""What HotRoad takes each `code` for, by operation. Documents: 4.2 to 4.5 and 5.9."""

from collections.abc import Mapping

from providers.protocols.meanings import Code

FIELD = "code"
SUCCESS: Mapping[str, Code] = {
    "bet": Code(says="Success: they place the bet.", source="4.2."),
    "cancel_bet": Code(
        says="Success: the bet doesn't stand, and they stop.",
        source="4.3 and 5.9: also where it was cancelled before, or is known to have failed.",
    ),
    "settle": Code(
        says="Success: it is settled, and they stop.",
        source="4.4: also where it was settled before.",
    ),
    "event": Code(says="Success: the rewards are paid.", source="4.5."),
}
FAILED: Mapping[str, Code] = {
    "bet": Code(
        says="Failed, no better code.",
        then="They cancel the bet, again and again for three hours.",
        source="4.2: any code but 0000 and 8001 has them cancel it; 5.9: for how long.",
    ),
    "cancel_bet": Code(
        says="Failed, no better code.",
        then="They send the cancel again for three hours, then handle it by hand.",
        source="5.9.",
    ),
    "settle": Code(
        says="Failed, no better code.",
        then="They send it again.",
        source="4.4, and 5.9 in its garbled way; for how long is not documented.",
    ),
    "event": Code(
        says="Failed, no better code.",
        source="4.5; whether they send it again is not documented.",
    ),
}
BET_FAILED = Code(
    says="The bet has definitely failed.",
    then="No cancel follows.",
    source="4.2: 8001.",
)
UNREAD = Code(
    says="Failed, no better code.",
    source="The operation could not be read; what follows depends on it.",
)


def codes(operation: str) -> Mapping[str, Code]:
    told = {"9999": FAILED.get(operation, UNREAD)}
    if operation in SUCCESS:
        told["0000"] = SUCCESS[operation]
    if operation == "bet":
        told["8001"] = BET_FAILED
    return told
