"""The cast of the tests (alice, bob, ...) and the books as they can be looked at."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal

from django.db import connection, connections

from providers.models import Callback
from wallets import ledger, verification
from wallets.instructions import HOUSE, Instruction, Kind, Movement, Origin, Receipt
from wallets.models import Entry, Player, Transaction, Wallet

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
# Others of the same server may be under test as well, so only those who have a lock of this
# database. Not pg_stat_activity: in a transaction it is what it was when it was first looked at.
WAITING = """
SELECT EXISTS (
    SELECT FROM pg_locks JOIN pg_locks AS ours USING (pid)
    JOIN pg_database ON pg_database.oid = ours.database AND datname = current_database()
    WHERE NOT pg_locks.granted
)
"""


def somebody_waits() -> bool:
    """Whether a transaction of this database waits for a lock."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])


class Books:
    """Open wallets, and look at what is in the books."""

    def open(self, uid: str, currency: str, balance: str = "0", status: str = "active") -> Wallet:
        """A wallet with an opening deposit; the player is made if need be."""
        player, _ = Player.objects.get_or_create(uid=uid, defaults={"status": status})
        wallet = Wallet.objects.create(player=player, currency=currency)
        if Decimal(balance):
            ledger.post([deposit(uid, currency, balance)], at=NOON)
        return wallet

    def set_status(self, uid: str, status: str) -> None:
        Player.objects.filter(uid=uid).update(status=status)

    def balance(self, uid: str, currency: str) -> Decimal:
        return Wallet.objects.get(player__uid=uid, currency=currency).balance

    def transactions(self) -> list[str]:
        """The providers' transaction ids that moved money, in order."""
        posted = Transaction.objects.exclude(provider=HOUSE).filter(refusal="")
        return list(posted.order_by("id").values_list("transaction_id", flat=True))

    def entries(self, transaction_id: str) -> set[tuple[str, Decimal, Decimal]]:
        """(uid, debit, credit) of one transaction."""
        rows = Entry.objects.filter(transaction__transaction_id=transaction_id)
        return set(rows.values_list("wallet__player__uid", "debit", "credit"))

    def outcomes(self) -> list[str]:
        """What became of each kept delivery, in order."""
        return list(Callback.objects.order_by("id").values_list("outcome", flat=True))

    def violations(self) -> list[str]:
        """What verify_ledger would list; empty when the books are right."""
        return [text for finding in verification.verify() for text in finding.first]

    def spend(self, uid: str, currency: str) -> None:
        """The player takes everything out."""
        balance = self.balance(uid, currency)
        spent = instruction(
            f"{uid}-{uuid.uuid4()}",
            (uid, currency, str(balance), "0"),
            provider=HOUSE,
            kind=Kind.WITHDRAWAL,
        )
        ledger.post([spent], at=NOON)

    def statements(self, sql: str) -> list[tuple[object, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())


def instruction(
    reference: str,
    *movements: tuple[str, str, str, str],
    provider: str = "besoft",
    kind: Kind = Kind.SETTLEMENT,
    origin: Origin = Origin.COMMAND,
    **options: object,
) -> Instruction:
    """An instruction of (uid, currency, debit, credit) movements."""
    return Instruction(
        provider=provider,
        transaction_id=f"settle:{reference}",
        reference=reference,
        kind=kind,
        origin=origin,
        movements=tuple(
            Movement(uid=uid, currency=currency, debit=Decimal(debit), credit=Decimal(credit))
            for uid, currency, debit, credit in movements
        ),
        **options,  # type: ignore[arg-type]
    )


def deposit(uid: str, currency: str, amount: str) -> Instruction:
    return Instruction(
        provider=HOUSE,
        transaction_id=f"deposit:{uuid.uuid4()}",
        kind=Kind.DEPOSIT,
        movements=(Movement(uid=uid, currency=currency, credit=Decimal(amount)),),
        origin=Origin.COMMAND,
    )


def post(*instructions: Instruction) -> list[Receipt]:
    return ledger.post(instructions, at=NOON)
