"""docs/rounds.md, written from what the protocols state:

python -m providers.protocols.round_table > docs/rounds.md
"""

from collections.abc import Iterator

from providers.protocols import PROTOCOLS
from providers.protocols.rounds import Effect, Family

HEAD = """\
# Bets, settlements and cancels, in whatever order they come

What each provider hears, what its delivery moves, and what the provider does with the answer.
Written by `python -m providers.protocols.round_table` from the `rounds` of the protocols; every row
is a test that plays it.

A bet is unknown, refused, open, settled or cancelled, and the books say which. A cancel of a bet
that never came keeps it from being taken when it does come. A refused bet stays refused, whatever
the balance is later. What a settlement or a cancel can't do, it does not do by half: the refusal
is in the inbox, with its reason.
"""


def text() -> str:
    """The whole page."""
    lines = [HEAD]
    for name, protocol in sorted(PROTOCOLS.items()):
        lines += [line for family in protocol.rounds for line in _section(name, family)]
    return "\n".join(lines)


def _section(provider: str, family: Family) -> Iterator[str]:
    yield f"## {provider}: {family.name}"
    yield ""
    if family.option:
        yield f"Configured with {family.option}."
        yield ""
    yield "| situation | it hears | moves | then |"
    yield "|---|---|---|---|"
    for situation, policy in family.policies.items():
        moves = "" if policy.effect is Effect.NOTHING else policy.effect.value
        yield f"| {situation.value} | `{policy.reply}` | {moves} | {policy.then} |"
    yield ""


if __name__ == "__main__":
    print(text(), end="")
