"""For whatever ledger and whatever statements: everything adds up, stands once, and stays."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciliation.matching import matching
from reconciliation.models import BucketSum, Case, Line, Match, Statement, StatementFormat
from tests.cast import Books
from tests.conftest import empty_the_books
from tests.reconciliation.matching import model
from tests.reconciliation.matching.days import DAY, LATER, NEXT, assert_sums, ids, imported
from wallets.models import Player, Transaction, Wallet

AFTER_THAT = NEXT + timedelta(days=1)
UIDS, CURRENCIES = ("alice", "bob", "carol"), ("USD", "EUR")
AMOUNTS = st.sampled_from([Decimal(text) for text in ("0", "1", "1.01", "2.5", "100")])
# In the middle of days, at and around the edges of both windows, and outside of them.
MOMENTS = st.sampled_from(
    [
        DAY - timedelta(hours=5),
        DAY - timedelta(minutes=1),
        DAY,
        DAY + timedelta(minutes=14),
        DAY + timedelta(minutes=15),
        DAY + timedelta(hours=12),
        NEXT - timedelta(minutes=15, seconds=1),
        NEXT - timedelta(minutes=15),
        NEXT - timedelta(seconds=1),
        NEXT,
        NEXT + timedelta(minutes=1),
        NEXT + timedelta(hours=12),
        AFTER_THAT,
    ]
)
IDS = st.sampled_from([f"{word}:{number}" for word in ("settle", "bet") for number in range(4)])
WALLETS = st.lists(
    st.tuples(st.sampled_from(UIDS), st.sampled_from(CURRENCIES), AMOUNTS, AMOUNTS),
    min_size=1,
    max_size=3,
    unique_by=lambda moved: moved[:2],
)
TRANSACTIONS = st.lists(
    st.tuples(IDS, st.booleans(), WALLETS, MOMENTS), max_size=6, unique_by=lambda one: one[:2]
)
LINES = st.lists(
    st.tuples(
        IDS,
        st.sampled_from(UIDS),
        st.sampled_from(CURRENCIES),
        AMOUNTS,
        AMOUNTS,
        st.booleans(),
        st.none() | MOMENTS,
    ),
    max_size=8,
)
TIMES = st.sampled_from([NEXT, NEXT + timedelta(minutes=15), NEXT + timedelta(hours=49), LATER])


class World:
    """The same ledger and the same statements, in the database and in the model."""

    def __init__(self) -> None:
        self.ledger: list[model.Movement] = []
        self.statements: list[tuple[Statement, model.Statement]] = []

    def book(self, id_: str, corrected: bool, moved: list[tuple], moment: datetime) -> None:
        """As the owner, without a balance that would have to suffice."""
        sequence = len(self.ledger) + 1
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "INSERT INTO wallets_transaction (provider, transaction_id, kind, terms, reference,"
                " round_id, game, details, refusal, origin, occurred_at, posted_at) VALUES ('jdb',"
                " %s, 'settlement', '', '', '', '', '{}', '', 'callback', %s, %s) RETURNING id",
                [f"corrected:{id_}" if corrected else id_, moment, moment],
            )
            (transaction,) = cursor.fetchone()
            for number, (uid, currency, debit, credit) in enumerate(moved, start=sequence):
                cursor.execute(
                    "INSERT INTO wallets_entry (transaction_id, wallet_id, sequence, debit, credit,"
                    " balance_before, balance_after) SELECT %s, w.id, %s, %s, %s, 1000, 1000 - %s"
                    " + %s FROM wallets_wallet w JOIN wallets_player p ON p.id = w.player_id"
                    " WHERE p.uid = %s AND w.currency = %s RETURNING id",
                    [transaction, number, debit, credit, debit, credit, uid, currency],
                )
                (entry,) = cursor.fetchone()
                self.ledger.append(
                    model.Movement(
                        transaction=transaction,
                        number=entry,
                        id=id_,
                        uid=uid,
                        currency=currency,
                        debit=debit,
                        credit=credit,
                        moment=moment,
                        corrected=corrected,
                    )
                )

    def list(self, start: datetime, end: datetime, lines: list[tuple], tolerance: Decimal) -> None:
        format_, _ = StatementFormat.objects.get_or_create(
            name=f"within-{tolerance}".replace(".", "-"),
            defaults={"layout": "cage", "tolerance": tolerance},
        )
        statement = imported(start=start, end=end, rows=len(lines), format=format_)
        rows = [model.Line(number, *line) for number, line in enumerate(lines, start=2)]
        Line.objects.bulk_create(
            Line(
                statement=statement,
                number=row.number,
                transaction_id=row.id,
                uid=row.uid,
                currency=row.currency,
                debit=row.debit,
                credit=row.credit,
                net_only=row.net_only,
                occurred_at=row.moment,
            )
            for row in rows
        )
        self.statements.append(
            (statement, model.Statement(start=start, end=end, lines=rows, tolerance=tolerance))
        )

    def match(self, position: int, at: datetime) -> None:
        matching.match(self.statements[position][0], at=at)

    def expect(self, position: int, at: datetime) -> None:
        """Match it in the model; others are then decided anew until nothing changes."""
        self._decide(position, at)
        for _ in self.statements:
            for other, (_, known) in enumerate(self.statements):
                if known.matched and other != position:
                    self._decide(other, at)

    def _decide(self, position: int, at: datetime) -> None:
        others = [known for other, (_, known) in enumerate(self.statements) if other != position]
        model.match(
            self.statements[position][1], self.ledger, others, at=at, handles=lambda o: o != "bet"
        )

    def expected(self, position: int) -> Counter:
        known = self.statements[position][1]
        lines = [
            (line.bucket, line.number, line.movement.number if line.movement else None)
            for line in known.lines
        ]
        return Counter([*lines, *((b, None, one.number) for one, b in known.entries.items())])

    def found(self, position: int) -> Counter:
        rows = Match.objects.filter(statement=self.statements[position][0])
        return Counter(rows.values_list("bucket", "line__number", "entry_id"))


@pytest.fixture
def cast(books: Books, providers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "reconciliation.matching.run.Run.handles", lambda _, operation: operation != "bet"
    )


def start_anew() -> World:
    connections["default"].close()
    empty_the_books()
    for uid in UIDS:
        player = Player.objects.create(uid=uid)
        for currency in CURRENCIES:
            Wallet.objects.create(player=player, currency=currency, balance=1000)
    return World()


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    transactions=TRANSACTIONS,
    lines=st.tuples(LINES, LINES),
    tolerance=st.sampled_from([Decimal(0), Decimal("0.01")]),
    at=TIMES,
    late=TRANSACTIONS,
    second_start=st.sampled_from([NEXT, NEXT, DAY + timedelta(hours=12)]),
)
def test_everything_stands_exactly_once_adds_up_and_stays(
    cast: None,
    transactions: list[tuple],
    lines: tuple[list[tuple], list[tuple]],
    tolerance: Decimal,
    at: datetime,
    late: list[tuple],
    second_start: datetime,
) -> None:
    world = start_anew()
    for transaction in transactions:
        world.book(*transaction)
    world.list(DAY, NEXT, lines[0], tolerance)
    world.list(second_start, AFTER_THAT, lines[1], tolerance)
    for position in (0, 1, 0):
        world.match(position, at)
        world.expect(position, at)
        holds(world)
    known = {transaction[:2] for transaction in transactions}
    for transaction in late:
        if transaction[:2] not in known:
            world.book(*transaction)
    for position in (0, 1):
        world.match(position, LATER)
        world.expect(position, LATER)
    holds(world)
    stays(world)


def holds(world: World) -> None:
    for position, (statement, known) in enumerate(world.statements):
        if known.matched:
            assert world.found(position) == world.expected(position)
            assert_sums(statement)
    paired = Match.objects.filter(line__isnull=False, entry__isnull=False)
    assert len(set(paired.values_list("entry", flat=True))) == paired.count()
    for statement, _ in world.statements:
        rows = Match.objects.filter(statement=statement, entry__isnull=False)
        assert len(set(rows.values_list("entry", flat=True))) == rows.count()


def stays(world: World) -> None:
    """A further run, of whichever statement, writes nothing."""
    before = [ids(statement) for statement, _ in world.statements]
    sums = list(BucketSum.objects.order_by("id").values())
    cases = list(Case.objects.order_by("id").values())
    for position in (0, 1, 1, 0):
        world.match(position, LATER)
    named = list(Transaction.objects.values_list("transaction_id", flat=True))
    assert matching.rematch("jdb", named, at=LATER).rows == 0
    assert [ids(statement) for statement, _ in world.statements] == before
    assert list(BucketSum.objects.order_by("id").values()) == sums
    assert list(Case.objects.order_by("id").values()) == cases
