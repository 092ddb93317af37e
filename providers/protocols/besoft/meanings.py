"""What BeSoft takes each `status` for. Only 1 is documented to decide anything."""

from collections.abc import Mapping

from providers.protocols.meanings import Code

FIELD = "status"
VOID = "Any status but 1 makes the order void on their side."
PAGE = 'Document "Game result": 1 makes the order valid, anything else makes it void'
NUMBER = f"{PAGE}; the number is that of a public integration."

CODES: Mapping[str, Code] = {
    "1": Code(says="Success: the order is valid on their side.", source=f"{PAGE}."),
    "1001": Code(
        says="Failed, for no closer reason.",
        then=VOID,
        source=f"{PAGE}; 1001 is the failure that the page of bets shows.",
    ),
    "1004": Code(says="No such player.", then=VOID, source=NUMBER),
    "1008": Code(says="The request is not valid.", then=VOID, source=NUMBER),
    "1009": Code(says="The balance is too small.", then=VOID, source=NUMBER),
    "1014": Code(says="The wallet can't do it.", then=VOID, source=NUMBER),
    "": Code(
        says="Nothing is stated: Cage had not decided.",
        source="What they make of a time-out is not documented; no answer at all states least.",
    ),
}


def codes(no_verdict: int | None) -> Mapping[str, Code]:
    """With the number that is said where Cage has not decided, if one is configured."""
    if no_verdict is None:
        return CODES
    undecided = Code(
        says="Cage had not decided, and the settings say this number then.",
        then=VOID,
        source=f"{PAGE}; the number is `no_verdict_status` of the settings.",
    )
    return {str(no_verdict): undecided, **CODES}
