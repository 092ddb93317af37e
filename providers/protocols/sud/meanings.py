"""What SUD takes each `ret_code` for. Any but 0 has failed; few are documented by number."""

from collections.abc import Mapping

from providers.protocols.meanings import Code
from providers.protocols.sud import fields

FIELD = "ret_code"
PAGE = "Page: 0 is success, any other code has failed"
OURS = f"{PAGE}; the number is our own."
AGAIN = "Whether SUD sends it again is not documented."

CODES: Mapping[str, Code] = {
    str(fields.SUCCESS): Code(says="Success: it has arrived, and they stop.", source=f"{PAGE}."),
    str(fields.FAILED): Code(says="It failed.", then=AGAIN, source=OURS),
    str(fields.NO_VERDICT): Code(says="Cage had not decided.", then=AGAIN, source=OURS),
    "3": Code(says="It does not prove to come from SUD.", then=AGAIN, source=OURS),
    "4": Code(says="It could not be understood.", then=AGAIN, source=OURS),
    "5": Code(says="There is no such call.", then=AGAIN, source=OURS),
    "6": Code(says="The call is not offered.", then=AGAIN, source=OURS),
    "7": Code(says="No such player.", then=AGAIN, source=OURS),
    "8": Code(says="The balance is too small.", then=AGAIN, source=OURS),
}
SCORES: Mapping[str, Code] = {
    **CODES,
    str(fields.SUCCESS): Code(
        says="Success: the score was changed.", source='Page "update_score": 0.'
    ),
    "9000": Code(
        says="The balance is too small.",
        then="The order has failed on their side.",
        source='Page "update_score": 9000.',
    ),
    str(fields.DUPLICATE): Code(
        says="The order id is known: it was done before, once.",
        source='Page "update_score": 9001.',
    ),
}


def codes(operation: str) -> Mapping[str, Code]:
    return SCORES if operation == "update_score" else CODES
