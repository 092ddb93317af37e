"""Each row of a protocol's stated policies, played from the outside: reply, and what moved."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from providers.protocols.rounds import Effect, Family, Situation
from tests.cast import Books, deposit, post
from tests.conftest import PROVIDERS
from tests.providers.senders import Heard, Sent, send
from wallets import ledger

S = Situation
STAKE, TOO_MUCH, WIN = "10", "5000", "25"


class RoundContract(ABC):
    """Subclass it for one family: say how its operations are sent, and every row is a test.

    Ids are small texts of digits ("1", "2"): bets, cancels and settlements share no id unless the
    provider gives them the same. Players are alice and bob, with 1000 each in `currency`.
    """

    provider: str
    currency: str
    family: Family
    settings: ClassVar[dict[str, Any]] = {}  # On top of the usual configuration.
    cannot_arise: ClassVar[frozenset[Situation]] = frozenset()
    change: ClassVar[Mapping[Effect, Decimal]] = {
        Effect.NOTHING: Decimal(0),
        Effect.TAKEN: Decimal(-10),
        Effect.GIVEN_BACK: Decimal(10),
        Effect.PAID: Decimal(25),
    }

    @abstractmethod
    def bet(self, id_: str, *, amount: str = STAKE) -> Sent:
        """Alice's bet."""

    def cancel(self, id_: str, *bets: str, uid: str = "alice") -> Sent:
        """A cancel under its own id, or the bet's where the provider uses that."""
        raise NotImplementedError

    def settle(self, id_: str, *bets: str) -> Sent:
        """A settlement that pays 25 to alice."""
        raise NotImplementedError

    @abstractmethod
    def reply(self, heard: Heard) -> str:
        """The answer as the policies spell it."""

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        if "situation" in metafunc.fixturenames:
            metafunc.parametrize("situation", cls.family.policies, ids=lambda one: one.name)

    @pytest.fixture
    def table(self, books: Books, configure: Callable[..., None]) -> Books:
        books.open("alice", self.currency, "1000")
        books.open("bob", self.currency, "1000")
        self.configure = configure
        self.set()
        return books

    def set(self, **changes: Any) -> None:
        """Configure the provider as its defaults are, with the family's settings and `changes`."""
        usual = {k: v for k, v in PROVIDERS[self.provider].items() if k != "unknown_bet"}
        self.configure(**{self.provider: {**usual, **self.settings, **changes}})

    def test_every_situation_that_can_arise_is_stated(self) -> None:
        assert set(self.family.policies) | self.cannot_arise == set(Situation)
        assert not set(self.family.policies) & self.cannot_arise

    def test_the_situation_is_answered_as_stated(
        self, table: Books, situation: Situation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before, asked = STORIES[situation](self)
        for step in before:
            step(table) if callable(step) else send(step)
        if situation is S.CANCEL_UNDECIDED:
            monkeypatch.setattr(ledger, "_read", _fail)
        balance = table.balance("alice", self.currency)
        heard = send(asked)
        monkeypatch.undo()
        policy = self.family.policies[situation]
        assert self.reply(heard) == policy.reply
        moved = table.balance("alice", self.currency) - balance
        assert moved == self.change[policy.effect]
        assert table.balance("bob", self.currency) == 1000
        assert table.violations() == []

    # -- Steps between deliveries ---------------------------------------------------------------

    def suspend(self, books: Books) -> None:
        books.set_status("alice", "suspended")

    def top_up(self, books: Books) -> None:
        post(deposit("alice", self.currency, "9000"))

    def pay_unknown(self, books: Books) -> None:
        self.set(unknown_bet="pay")


def _fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError("planted")


Story = tuple[list[Any], Sent]  # What comes before, and the delivery whose answer counts.
STORIES: Mapping[Situation, Callable[[RoundContract], Story]] = {
    S.BET: lambda c: ([], c.bet("1")),
    S.BET_REPEATED: lambda c: ([c.bet("1")], c.bet("1")),
    S.BET_IN_CONFLICT: lambda c: ([c.bet("1")], c.bet("1", amount="11")),
    S.BET_NOT_COVERED: lambda c: ([], c.bet("1", amount=TOO_MUCH)),
    S.BET_REFUSED_REPEATED: lambda c: (
        [c.bet("1", amount=TOO_MUCH), c.top_up],
        c.bet("1", amount=TOO_MUCH),
    ),
    S.BET_OF_SUSPENDED: lambda c: ([c.suspend], c.bet("1")),
    S.BET_AFTER_CANCEL: lambda c: ([c.cancel("7", "1")], c.bet("1")),
    S.BET_CANCELLED_REPEATED: lambda c: ([c.bet("1"), c.cancel("7", "1")], c.bet("1")),
    S.CANCEL: lambda c: ([c.bet("1")], c.cancel("7", "1")),
    S.CANCEL_REPEATED: lambda c: ([c.bet("1"), c.cancel("7", "1")], c.cancel("7", "1")),
    S.CANCEL_RENEWED: lambda c: ([c.bet("1"), c.cancel("7", "1")], c.cancel("8", "1")),
    S.CANCEL_OF_UNKNOWN: lambda c: ([], c.cancel("7", "1")),
    S.CANCEL_OF_REFUSED: lambda c: ([c.bet("1", amount=TOO_MUCH)], c.cancel("7", "1")),
    S.CANCEL_AFTER_SETTLE: lambda c: ([c.bet("1"), c.settle("4", "1")], c.cancel("7", "1")),
    S.CANCEL_OF_OTHER_PLAYER: lambda c: ([c.bet("1")], c.cancel("7", "1", uid="bob")),
    S.CANCEL_UNDECIDED: lambda c: ([c.bet("1")], c.cancel("7", "1")),
    S.SETTLE: lambda c: ([c.bet("1")], c.settle("4", "1")),
    S.SETTLE_REPEATED: lambda c: ([c.bet("1"), c.settle("4", "1")], c.settle("4", "1")),
    S.SETTLE_AGAIN: lambda c: ([c.bet("1"), c.settle("4", "1")], c.settle("5", "1")),
    S.SETTLE_OF_SUSPENDED: lambda c: ([c.bet("1"), c.suspend], c.settle("4", "1")),
    S.SETTLE_BEFORE_BET: lambda c: ([], c.settle("4", "1")),
    S.SETTLE_BEFORE_BET_PAYING: lambda c: ([c.pay_unknown], c.settle("4", "1")),
    S.SETTLE_AFTER_CANCEL: lambda c: ([c.bet("1"), c.cancel("7", "1")], c.settle("4", "1")),
    S.SETTLE_OF_REFUSED: lambda c: ([c.bet("1", amount=TOO_MUCH)], c.settle("4", "1")),
    S.SETTLE_OF_ONE_CANCELLED: lambda c: (
        [c.bet("1"), c.bet("2"), c.cancel("7", "1")],
        c.settle("4", "1", "2"),
    ),
}
