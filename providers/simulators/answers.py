"""What a reply says to the provider, and what the provider concludes from it by its own rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Statement(Enum):
    """What a reply says to the provider."""

    SUCCESS = "success"
    REFUSED = "refused"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A reply as judged; `reason` is the provider's code and text, or why nothing was said.

    A reply that the provider can't read is a refusal without a `code`.
    """

    statement: Statement
    code: str = ""
    reason: str = ""


SUCCESS = Answer(statement=Statement.SUCCESS)


def refused(code: object, text: str = "") -> Answer:
    return Answer(statement=Statement.REFUSED, code=str(code), reason=f"{code} {text}".strip())


def unreadable(error: Exception) -> Answer:
    return Answer(statement=Statement.REFUSED, reason=f"unreadable reply: {error}")


def nothing(reason: str) -> Answer:
    return Answer(statement=Statement.NOTHING, reason=reason)


class Conclusion(Enum):
    """What an answer to a message makes of it on the provider's side."""

    STANDS = "stands"  # It is done: taken, paid, cancelled.
    FAILED = "failed"  # It never happened, and nothing follows.
    CANCEL = "cancel"  # It may have happened: a cancel makes sure that it did not.
    AGAIN = "again"  # Nothing is decided: the same message is sent again.
    RESTORED = "restored"  # Of a cancel: there is none, what it wanted to cancel stands.


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How a provider takes the answers to one of its messages. Success always means STANDS.

    `codes` are the refusals with a meaning of their own, `refused` is any other. What can't be
    read is taken as silence, unless `unreadable` says otherwise.
    """

    refused: Conclusion
    silent: Conclusion
    unreadable: Conclusion | None = None
    codes: Mapping[str, Conclusion] = field(default_factory=dict)

    def conclude(self, answer: Answer) -> Conclusion:
        if answer.statement is Statement.SUCCESS:
            return Conclusion.STANDS
        if answer.statement is Statement.NOTHING:
            return self.silent
        if not answer.code:
            return self.unreadable or self.silent
        return self.codes.get(answer.code, self.refused)


# Sent again and again until it succeeds.
UNTIL_SUCCESS = Rule(refused=Conclusion.AGAIN, silent=Conclusion.AGAIN)
