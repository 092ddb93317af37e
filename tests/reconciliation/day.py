"""A day of the books, 21 November 2026 in UTC, with every kind of transaction, posted directly.

alice and bob play in dollars at jdb, zoë and an awkward name in coins at sud. Something came the
day before, and something comes the day after.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from tests.cast import Books
from wallets import ledger
from wallets.instructions import HOUSE, Instruction, Kind, Movement, Origin
from wallets.models import Player, Wallet

START = datetime(2026, 11, 21, tzinfo=UTC)
END = START + timedelta(days=1)
EVE = START - timedelta(hours=1)
NEXT = END + timedelta(hours=1)
REQUEST = UUID("00000000-0000-0000-0000-000000000001")

AWKWARD = "=x; a:b  |(c)"  # A formula, and all that a journal could take for something else.

Moves = tuple[str, str, str, str]  # uid, currency, debit, credit


def step(
    provider: str, transaction_id: str, kind: Kind, *moves: Moves, **options: object
) -> Instruction:
    movements = tuple(
        Movement(uid=uid, currency=currency, debit=Decimal(debit), credit=Decimal(credit))
        for uid, currency, debit, credit in moves
    )
    reference = transaction_id.partition(":")[2]
    return Instruction(
        provider=provider,
        transaction_id=transaction_id,
        kind=kind,
        movements=movements,
        **{"reference": reference, "origin": Origin.COMMAND, **options},  # type: ignore[arg-type]
    )


def post(at: datetime, *instructions: Instruction) -> None:
    for one in instructions:
        receipts = ledger.post([one], at=at)
        assert all(receipt.posted for receipt in receipts), receipts


def wallets() -> None:
    """Made, and empty."""
    for uid, currency in [("alice", "USD"), ("bob", "USD"), ("zoë", "C0IN"), (AWKWARD, "C0IN")]:
        player, _ = Player.objects.get_or_create(uid=uid, defaults={"is_test": uid == "bob"})
        Wallet.objects.create(player=player, currency=currency)


def play(books: Books) -> None:
    """alice ends with 88.50 USD and bob with 49, zoë with 7.00000001 C0IN and the other with 2."""
    wallets()
    post(
        EVE,
        step(HOUSE, "deposit:1", Kind.DEPOSIT, ("alice", "USD", "0", "100")),
        step(HOUSE, "deposit:2", Kind.DEPOSIT, ("zoë", "C0IN", "0", "5")),
        step("jdb", "bet:0", Kind.BET, ("alice", "USD", "10", "0")),
    )
    post(
        START,  # Included.
        step(HOUSE, "deposit:3", Kind.DEPOSIT, ("bob", "USD", "0", "50.50")),
        step(HOUSE, "deposit:4", Kind.DEPOSIT, (AWKWARD, "C0IN", "0", "3")),
        step("jdb", "settle:0", Kind.SETTLEMENT, ("alice", "USD", "0", "0"), settles=("bet:0",)),
    )
    post(
        START + timedelta(hours=12),
        step("jdb", "bet:1", Kind.BET, ("alice", "USD", "20", "0"), round_id="r; 1"),
        step(
            "jdb",
            "settle:1",
            Kind.SETTLEMENT,
            ("alice", "USD", "0", "35"),
            settles=("bet:1",),
            round_id="r; 1",
            game="Lucky  Seven",
            stake=Decimal(20),
            occurred_at=START + timedelta(hours=11, minutes=59, microseconds=5),
        ),
        step("jdb", "slot:2", Kind.BET_AND_SETTLEMENT, ("bob", "USD", "5", "7.50")),
        step("jdb", "bet:3", Kind.BET, ("bob", "USD", "4", "0")),
        step("jdb", "cancel:3", Kind.ROLLBACK, ("bob", "USD", "0", "0"), cancels=("bet:3",)),
        step("jdb", "reward:4", Kind.REWARD, ("alice", "USD", "0", "1.50")),
        step(
            "sud",
            "match:5",
            Kind.SETTLEMENT,
            ("zoë", "C0IN", "0", "2.00000001"),
            (AWKWARD, "C0IN", "1", "0"),
        ),
        step(HOUSE, "withdrawal:6", Kind.WITHDRAWAL, ("alice", "USD", "15", "0")),
        step(HOUSE, "adjustment:7", Kind.ADJUSTMENT, ("bob", "USD", "0", "2")),
        step("jdb", "settle:8", Kind.SETTLEMENT, ("bob", "USD", "0", "9")),
    )
    ledger.reverse(
        provider="jdb",
        transaction_id="settle:8",
        request_id=REQUEST,
        at=END - timedelta(microseconds=1),
        instead=step("jdb", "settle:8", Kind.SETTLEMENT, ("bob", "USD", "0", "3")),
    )
    post(
        END,  # Excluded.
        step("jdb", "settle:9", Kind.SETTLEMENT, ("alice", "USD", "3", "0")),
        step("jdb", "settle:10", Kind.SETTLEMENT, ("bob", "USD", "9", "0")),
    )
