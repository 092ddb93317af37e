"""What JDB takes each `status` for, by operation: what it says, and what JDB does then.

"Document" are JDB's pages of the actions. They name only 0000, 6006, 6101 and 9017; the other
numbers are those of public integrations.
"""

from collections.abc import Mapping

from providers.protocols.jdb import codes, fields
from providers.protocols.meanings import Code

FIELD = "status"
INTEGRATIONS = "the number is that of public integrations"
SAID = {
    "6006": ("The balance is too small.", "Document"),
    codes.STANDS: ("It can't be cancelled.", "Document"),
    "7501": ("No such player.", INTEGRATIONS),
    "7502": ("The player is suspended.", INTEGRATIONS),
    "7504": ("The player is closed.", INTEGRATIONS),
    "8000": ("A parameter is wrong.", INTEGRATIONS),
    "9007": ("There is no such action.", INTEGRATIONS),
    codes.IN_PROGRESS: ("It is still in progress.", "Document"),
    "9023": ("The currency is not known.", INTEGRATIONS),
    codes.FAILED: ("It failed.", INTEGRATIONS),
}
HOUR = "They send it again every minute for an hour until 0000."
HALF_DAY = "They send it again every minute for 12 hours until 0000."
FAILS: Mapping[str, tuple[str, str]] = {
    "bet_and_settle": ("The order has failed on their side.", "Document, action 8"),
    "bet": ("The bet has failed; a cancel, action 11, may follow.", "Document, action 9"),
    "settle": (HOUR, "Document, action 10"),
    "cancel_bet": (HALF_DAY, "Document, action 11"),
    "activity_reward": ("Whether they send it again is not documented.", "Document, action 12"),
    "withdraw": ("It has failed; a cancel, action 15, may follow.", "Document, action 13"),
    "deposit": (HALF_DAY, "Document, action 14"),
    "cancel_withdraw": (HALF_DAY, "Document, action 15"),
    "free_spin_reward": (HOUR, "Document, action 16"),
}
SUCCEEDS = {
    "bet_and_settle": "stake and win stand",
    "bet": "the bet stands",
    "settle": "it is paid, and they stop",
    "cancel_bet": "the cancel has ended",
    "withdraw": "the withdrawal stands",
    "deposit": "it is paid, and they stop",
    "cancel_withdraw": "the cancel has ended",
    fields.CANCEL: "the order is cancelled",
}
CANCELS: Mapping[str, Code] = {
    codes.SUCCESS: Code(
        says="Success: the order is cancelled on their side.",
        source="Document, action 4: any status but 6101 and 9017 counts as cancelled.",
    ),
    codes.STANDS: Code(
        says="It can't be cancelled: they restore its record, stake and win stand.",
        source="Document, action 4.",
    ),
    codes.IN_PROGRESS: Code(
        says="It is still in progress.",
        then="They ask again every minute for an hour.",
        source="Document, action 4.",
    ),
    "9007": Code(
        says="There is no such action.",
        then="If it was a cancel after all, they count the order as cancelled.",
        source=f"Document, action 4; {INTEGRATIONS}.",
    ),
}
NO_VERDICT = Code(
    says="Nothing is stated: Cage had not decided, or the first copy stands.",
    then="An action 4 follows after a minute and asks what became of it.",
    source="Document, action 8: a response that is not correctly formatted.",
)
REPEATED = Code(
    says="The bet was sent before, and stands.",
    source="Not documented: `repeated_bet` of the settings; the number of public integrations.",
)


def table(operation: str) -> Mapping[str, Code]:
    if operation in ("", fields.CANCEL):
        return CANCELS
    action = next((number for number, word in fields.OPERATIONS.items() if word == operation), "")
    then, page = FAILS.get(operation, ("", f"Document, action {action}"))
    told = {
        status: Code(says=says, then=then, source=_source(page, where))
        for status, (says, where) in SAID.items()
    }
    success = SUCCEEDS.get(operation, "they stop")
    told[codes.SUCCESS] = Code(
        says=f"Success: {success}.", source=f"Document, action {action or '?'}."
    )
    if operation in ("bet", "bet_and_settle"):
        told["9011"] = REPEATED
    if operation == "bet_and_settle":
        told[""] = NO_VERDICT
    return told


def _source(page: str, where: str) -> str:
    return f"{page}." if where == "Document" else f"{page}; {where}."
